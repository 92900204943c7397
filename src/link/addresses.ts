/**
 * From a name to a connected socket: all addresses of the name are tried, a slow one is not waited for (RFC 8305).
 */
import { lookup } from 'node:dns/promises'
import { isIP, type Socket, connect as tcpConnect } from 'node:net'
import type { Cancel, Clock } from '../core/clock.ts'
import { LinkLostError } from './errors.ts'
import { ADDRESS_DELAY_MS, MAX_ADDRESSES } from './limits.ts'

export interface HostAddress {
  readonly address: string
  readonly family: number
}

/** Asked at every attempt: answers change. */
export type ResolveHost = (host: string) => Promise<readonly HostAddress[]>

/** The system's resolver, asked once at a time for a name: a lookup that hangs cannot be cancelled, and must not pile up. */
export class HostResolver {
  readonly #lookup: ResolveHost
  readonly #running = new Map<string, Promise<readonly HostAddress[]>>()

  constructor(ask: ResolveHost = (host) => lookup(host, { all: true, order: 'verbatim' })) {
    this.#lookup = ask
  }

  resolve(host: string): Promise<readonly HostAddress[]> {
    const running = this.#running.get(host)
    if (running !== undefined) return running
    const asked = this.#lookup(host).finally(() => this.#running.delete(host))
    this.#running.set(host, asked)
    return asked
  }
}

/** Families take turns, beginning with that of the first; each address once. */
export function raceOrder(addresses: readonly HostAddress[]): HostAddress[] {
  const unique = [...new Map(addresses.map((each) => [each.address, each])).values()]
  const first = unique.filter(({ family }) => family === unique[0]?.family)
  const others = unique.filter(({ family }) => family !== unique[0]?.family)
  const turns = Math.max(first.length, others.length)
  return Array.from({ length: turns }, (_, turn) => [first[turn], others[turn]])
    .flat()
    .filter((each) => each !== undefined)
    .slice(0, MAX_ADDRESSES)
}

/** Addresses of a name or of an address itself. Throws LinkLostError when there are none. */
export async function addressesOf(resolve: ResolveHost, host: string): Promise<HostAddress[]> {
  const family = isIP(host)
  if (family !== 0) return [{ address: host, family }]
  let found: readonly HostAddress[]
  try {
    found = await resolve(host)
  } catch (cause) {
    throw new LinkLostError(`${host} cannot be resolved`, { cause })
  }
  if (found.length === 0) throw new LinkLostError(`${host} has no address`)
  return raceOrder(found)
}

/** Connects to whichever address answers first; each gets a head start before the next. */
export class AddressRace {
  readonly #clock: Clock
  readonly #waiting: HostAddress[]
  readonly #port: number
  readonly #open = new Set<Socket>()
  readonly #outcome = Promise.withResolvers<Socket>()
  #timer: Cancel = () => {}
  #over = false

  constructor(clock: Clock, addresses: readonly HostAddress[], port: number) {
    this.#clock = clock
    this.#waiting = [...addresses]
    this.#port = port
  }

  /** Resolves with the first socket that connects; rejects with the last error, or the signal's reason. */
  async run(signal: AbortSignal): Promise<Socket> {
    const onAbort = () => this.#outcome.reject(signal.reason)
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) onAbort()
    else this.#next()
    try {
      const winner = await this.#outcome.promise
      this.#open.delete(winner)
      return winner
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#end()
    }
  }

  #next(): void {
    this.#timer()
    const next = this.#over ? undefined : this.#waiting.shift()
    if (next === undefined) return
    const socket = tcpConnect({ host: next.address, port: this.#port, noDelay: true })
    this.#open.add(socket)
    socket.once('connect', () => this.#outcome.resolve(socket))
    socket.once('error', (error) => this.#onFailed(socket, error))
    this.#timer = this.#clock.after(ADDRESS_DELAY_MS, () => this.#next())
  }

  #onFailed(socket: Socket, error: Error): void {
    this.#open.delete(socket)
    if (this.#open.size === 0 && this.#waiting.length === 0) this.#outcome.reject(error)
    else if (!this.#over) this.#next()
  }

  #end(): void {
    this.#over = true
    this.#timer()
    for (const socket of this.#open) socket.on('error', () => {}).destroy()
  }
}
