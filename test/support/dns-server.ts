/** A resolver on loopback for tests, with the fixture's services and a crowd that only TCP can carry. */
import { connect, type Socket } from 'node:net'
import { systemClock } from '../../src/core/clock.ts'
import { silentLogger } from '../../src/core/log.ts'
import { createMetrics, type Metrics } from '../../src/core/metrics.ts'
import { Snapshot } from '../../src/core/snapshot.ts'
import { DnsServer } from '../../src/dns/dns-server.ts'
import { serviceZones } from '../../src/dns/service-zone.ts'
import type { ZoneSnapshot } from '../../src/dns/zone-snapshot.ts'
import { serviceImport, slice, snapshotOf, tableSnapshot, zoneConfig } from './dns-fixture.ts'

/** The addresses of `crowd.testns.svc`. */
export const CROWD = Array.from({ length: 300 }, (_, at) => `10.9.${at >> 8}.${at & 255}`)

const crowd = snapshotOf(
  [serviceImport('crowd', { type: 'Headless', ports: [] })],
  [slice('crowd', 'IPv4', CROWD)],
)

/** The fixture and the crowd. */
export const servedSnapshot: ZoneSnapshot = {
  ...tableSnapshot,
  services: new Map([...tableSnapshot.services, ...crowd.services]),
}

export interface RunningServer {
  readonly server: DnsServer
  readonly snapshots: Snapshot<ZoneSnapshot>
  readonly metrics: Metrics
  readonly host: string
  readonly port: number
}

export async function startServer(host = '127.0.0.1', sourceRate = 0): Promise<RunningServer> {
  const snapshots = new Snapshot(servedSnapshot)
  const metrics = createMetrics()
  const server = new DnsServer(
    {
      zones: serviceZones(zoneConfig, snapshots),
      clock: systemClock,
      log: silentLogger,
      metrics,
    },
    { host, port: 0, sourceRate },
  )
  await server.start()
  return { server, snapshots, metrics, host, port: server.port }
}

/** A TCP connection whose answers are read one by one. */
export class TcpClient {
  readonly socket: Socket
  #received = Buffer.alloc(0)
  readonly #waiting: ((message: Buffer) => void)[] = []
  readonly #messages: Buffer[] = []
  readonly closed: Promise<void>

  /** `localAddress` is where it comes from, when that matters. */
  constructor(host: string, port: number, localAddress?: string) {
    this.socket = connect({ host, port, allowHalfOpen: true, ...(localAddress && { localAddress }) })
    this.socket.on('data', (chunk) => this.#receive(chunk))
    this.socket.on('end', () => this.socket.end())
    this.socket.on('error', () => {}) // a reset ends in 'close', which tests wait for
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()))
  }

  send(...messages: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(messages.map(framed)))
  }

  next(): Promise<Buffer> {
    const message = this.#messages.shift()
    return message === undefined
      ? new Promise((resolve) => this.#waiting.push(resolve))
      : Promise.resolve(message)
  }

  #receive(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk])
    while (this.#received.length >= 2 && this.#received.length >= 2 + this.#received.readUInt16BE(0)) {
      const end = 2 + this.#received.readUInt16BE(0)
      const message = this.#received.subarray(2, end)
      this.#received = this.#received.subarray(end)
      const waiting = this.#waiting.shift()
      if (waiting === undefined) this.#messages.push(message)
      else waiting(message)
    }
  }
}

/** A message behind its length, as TCP carries it. */
export function framed(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from([message.length >> 8, message.length & 0xff]), message])
}
