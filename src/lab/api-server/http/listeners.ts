/**
 * HTTPS on several TCP addresses and unix sockets at once, with one handler.
 */
import { rmSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { STOP_GRACE_MS } from '../limits.ts'

export interface TlsFiles {
  /** PEM certificate chain of the server. */
  readonly cert: string
  /** PEM private key. */
  readonly key: string
  /** PEM of the authorities whose client certificates are believed. */
  readonly clientCa: string
}

export interface TcpAddress {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
}

export interface ListenConfig {
  readonly listen: readonly TcpAddress[]
  /** Paths of unix sockets; stale ones are replaced. */
  readonly sockets: readonly string[]
  readonly tls: TlsFiles
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void

export class Listeners {
  readonly #servers: Server[] = []
  readonly #config: ListenConfig

  constructor(config: ListenConfig) {
    this.#config = config
  }

  /** Ports of the TCP addresses, in the order given. */
  get ports(): number[] {
    return this.#servers
      .map((server) => server.address())
      .filter((address): address is AddressInfo => typeof address === 'object' && address !== null)
      .map((address) => address.port)
  }

  async start(handler: Handler): Promise<void> {
    for (const { host, port } of this.#config.listen) await this.#open(handler, { host, port })
    for (const path of this.#config.sockets) {
      rmSync(path, { force: true })
      await this.#open(handler, { path })
    }
  }

  /** Stops accepting, gives open requests a moment, then cuts them. */
  async stop(): Promise<void> {
    await Promise.all(this.#servers.map(closeServer))
    this.#servers.length = 0
  }

  async #open(handler: Handler, where: { host: string; port: number } | { path: string }): Promise<void> {
    const { cert, key, clientCa } = this.#config.tls
    const server = createServer(
      { cert, key, ca: clientCa, requestCert: true, rejectUnauthorized: false, keepAliveTimeout: 65_000 },
      handler,
    )
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(where, () => {
        server.off('error', reject)
        resolve()
      })
    })
    this.#servers.push(server)
  }
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  const cut = setTimeout(() => server.closeAllConnections(), STOP_GRACE_MS)
  await closed
  clearTimeout(cut)
}
