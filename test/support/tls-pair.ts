/** Two data connections over real mutual TLS 1.3 on loopback. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { DataConnection } from '../../src/amqp/data-connection.ts'
import type { DataConnectionConfig } from '../../src/amqp/engine/config.ts'
import type { FlowAcceptor } from '../../src/amqp/flow-transport.ts'
import { systemClock } from '../../src/core/clock.ts'
import { silentLogger } from '../../src/core/log.ts'
import { createAuthority, issueCertificate } from '../../src/pki/certificates.ts'

export interface TlsPair extends AsyncDisposable {
  /** The dialer. */
  readonly west: DataConnection
  readonly east: DataConnection
  readonly sockets: readonly TLSSocket[]
}

/** Both ends started; `west` refuses all flows. */
export async function tlsPair(
  acceptEast: FlowAcceptor,
  config: Partial<DataConnectionConfig> = {},
): Promise<TlsPair> {
  const [left, right, stop] = await tlsSockets()
  const deps = { clock: systemClock, logger: silentLogger }
  const refuse: FlowAcceptor = () => {
    throw new Error('no flows are expected here')
  }
  const west = new DataConnection(
    left,
    { ...deps, accept: refuse },
    { side: 'dialer', containerId: 'west', ...config },
  )
  const east = new DataConnection(
    right,
    { ...deps, accept: acceptEast },
    { side: 'acceptor', containerId: 'east', ...config },
  )
  east.start()
  west.start()
  return { west, east, sockets: [left, right], [Symbol.asyncDispose]: stop }
}

async function tlsSockets(): Promise<[TLSSocket, TLSSocket, () => Promise<void>]> {
  const authority = await createAuthority({ commonName: 'test', days: 1 })
  const leaf = await issueCertificate(authority, {
    commonName: 'test',
    usages: ['server', 'client'],
    days: 1,
    ips: ['127.0.0.1'],
  })
  const options = {
    ca: authority.certPem,
    cert: leaf.certPem,
    key: leaf.keyPem,
    minVersion: 'TLSv1.3',
  } as const
  const server = createServer({ ...options, requestCert: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'secureConnection')
  const left = connect({ ...options, host: '127.0.0.1', port: (server.address() as AddressInfo).port })
  await once(left, 'secureConnect')
  const [right] = (await accepted) as [TLSSocket]
  for (const socket of [left, right]) socket.setNoDelay(true)
  const stop = async (): Promise<void> => {
    left.destroy()
    right.destroy()
    server.close()
    await once(server, 'close')
  }
  return [left, right, stop]
}
