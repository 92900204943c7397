/** The ways between a real API server and the lab's unix sockets: the host's way in to it, and its way to the kubelet. */
import { rm } from 'node:fs/promises'
import { connect, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import type { Startable } from '../../core/lifecycle.ts'
import { MAX_FORWARDED_CONNECTIONS } from '../limits.ts'

type Address = { readonly host: string; readonly port: number }

/** Takes connections on the unix socket `path` to `target`, bytes as they are. */
export function socketBridge(path: string, target: Address): Startable {
  const server = createServer({ allowHalfOpen: true }, (client) => join(client, { ...target }))
  return bridge(server, { path }, () => rm(path, { force: true }))
}

/** Takes TLS connections of the authority's clients at `at`, and hands what is inside on to the unix socket `path`. */
export function kubeletBridge(at: Address, tls: TlsOptions, path: string): Startable {
  const server = createTlsServer({ ...tls, requestCert: true, rejectUnauthorized: true }, (client) =>
    join(client, { path }),
  )
  // A client without a certificate is no concern of ours: it is gone, and it was told why.
  server.on('tlsClientError', () => {})
  return bridge(server, { ...at }, async () => {})
}

function bridge(server: Server, at: { path: string } | Address, prepare: () => Promise<void>): Startable {
  server.maxConnections = MAX_FORWARDED_CONNECTIONS
  return {
    async start() {
      await prepare()
      const listening = Promise.withResolvers<void>()
      server.once('error', listening.reject)
      server.listen(at, listening.resolve)
      await listening.promise
      server.off('error', listening.reject)
    },
    async stop() {
      server.close()
    },
  }
}

/** What breaks one side breaks the other. */
function join(client: Socket, to: NetConnectOpts): void {
  const target = connect({ ...to, allowHalfOpen: true })
  for (const [one, other] of [
    [client, target],
    [target, client],
  ] as const) {
    one.pipe(other)
    one.on('error', () => other.destroy())
    one.once('close', () => other.destroySoon())
  }
}
