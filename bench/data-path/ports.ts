/** Loopback ports of the benchmark: what is served behind them, and free ones for programs that cannot choose. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { errorCode } from '../../src/core/errors.ts'
import { eventually } from '../../test/support/eventually.ts'

/** What a port leads to. */
export type PortName =
  /** 64 bytes of answer for each 64 bytes. */
  | 'echo'
  /** Bytes without end. */
  | 'flood'
  /** An HTTP server. */
  | 'web'
  /** Each datagram comes back. */
  | 'datagrams'
  /** Routers: where links are taken. */
  | 'link'
  /** A resolver, over UDP and TCP. */
  | 'dns'
  /** Whether a process is ready, over HTTP. */
  | 'health'

/** Where a process serves, as far as it does. */
export type Ports = Readonly<Partial<Record<PortName, number>>>

/** The address of everything here. */
export const HOST = '127.0.0.1'

/** Below the range the kernel takes client ports from (ip_local_port_range), else a client might have taken it meanwhile. */
const FIRST_PORT = 15_000
const LAST_PORT = 32_000
const TRIES = 100

/** One free port for each name, all different. */
export async function freePorts(names: readonly PortName[]): Promise<Ports> {
  const held: Server[] = []
  const ports: Partial<Record<PortName, number>> = {}
  for (const name of names) {
    const server = await holdFreePort()
    held.push(server)
    ports[name] = (server.address() as AddressInfo).port
  }
  await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

/** Waits until somebody accepts connections on every TCP port. */
export async function whenServing(ports: Ports): Promise<void> {
  for (const name of streamsOf(ports)) await eventually(() => tryConnect(portOf(ports, name)))
}

/** The port of that name. */
export function portOf(ports: Ports, name: PortName): number {
  const port = ports[name]
  if (port === undefined) throw new Error(`nothing serves ${name}`)
  return port
}

/** Names and ports of what is there. */
export function entriesOf(ports: Ports): [PortName, number][] {
  return Object.entries(ports) as [PortName, number][]
}

/** The names of the TCP ports. */
export function streamsOf(ports: Ports): PortName[] {
  return entriesOf(ports)
    .map(([name]) => name)
    .filter((name) => name !== 'datagrams')
}

/** Only these. */
export function pick(ports: Ports, names: readonly PortName[]): Ports {
  return Object.fromEntries(entriesOf(ports).filter(([name]) => names.includes(name)))
}

async function tryConnect(port: number): Promise<void> {
  const socket = connect({ host: HOST, port })
  try {
    await once(socket, 'connect')
  } finally {
    socket.destroy()
  }
}

async function holdFreePort(): Promise<Server> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT))
    const server = createServer().listen({ host: HOST, port })
    try {
      await once(server, 'listening')
      return server
    } catch (error) {
      if (errorCode(error) !== 'EADDRINUSE') throw error
    }
  }
  throw new Error(`no free port found between ${FIRST_PORT} and ${LAST_PORT}`)
}
