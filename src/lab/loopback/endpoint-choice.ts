/** Which endpoint a client of a Service gets: any at random, or the one it had. Pure but for the dice and the clock. */
import type { Clock } from '../../core/clock.ts'
import type { Target, VirtualPort } from '../service-proxy/service-table.ts'
import { MAX_AFFINITIES } from './limits.ts'

interface Affinity {
  readonly target: Target
  readonly until: number
}

export class EndpointChoice {
  readonly #clock: Clock
  readonly #random: () => number
  /** By client address, those used last at the end. */
  readonly #affinities = new Map<string, Affinity>()
  #port: VirtualPort

  constructor(clock: Clock, port: VirtualPort, random: () => number = Math.random) {
    this.#clock = clock
    this.#port = port
    this.#random = random
  }

  /** Endpoints or affinity changed. */
  update(port: VirtualPort): void {
    this.#port = port
  }

  /** Undefined when there is no endpoint. */
  choose(client: string): Target | undefined {
    const { endpoints, affinitySeconds } = this.#port
    const target = this.#known(client) ?? endpoints[Math.floor(this.#random() * endpoints.length)]
    if (target !== undefined && affinitySeconds !== undefined) this.#remember(client, target, affinitySeconds)
    return target
  }

  #known(client: string): Target | undefined {
    const { endpoints, affinitySeconds } = this.#port
    const known = this.#affinities.get(client)
    if (affinitySeconds === undefined || known === undefined || known.until < this.#clock.monotonic())
      return undefined
    return endpoints.find(
      ({ address, port }) => address === known.target.address && port === known.target.port,
    )
  }

  #remember(client: string, target: Target, seconds: number): void {
    this.#affinities.delete(client)
    const oldest = this.#affinities.keys().next().value
    if (oldest !== undefined && this.#affinities.size >= MAX_AFFINITIES) this.#affinities.delete(oldest)
    this.#affinities.set(client, { target, until: this.#clock.monotonic() + seconds * 1_000 })
  }
}
