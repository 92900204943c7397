/** What is compared: pairs of relays between the load and the origins. */
import type { Serving } from '../children.ts'
import type { Ports } from '../ports.ts'
import type { Process } from '../processes.ts'
import type { Stage } from '../stage.ts'

/** How to start one end of a pair. */
export interface Pair {
  /** The relay beside the origins. */
  far(origins: Ports): Promise<Serving>
  /** The relay beside the load; `far` says where the other one is. */
  near(far: Ports): Promise<Serving>
}

/** One competitor. */
export interface Competitor {
  readonly name: string
  /** Open files of a relay for each flow. */
  readonly filesPerFlow: number
  /** Absent: nothing lies between. */
  readonly pair?: Pair
}

/** A competitor that runs. */
export class System implements AsyncDisposable {
  readonly name: string
  /** Where the load goes. */
  readonly ports: Ports
  /** The processes in between. */
  readonly relays: readonly Process[]
  readonly filesPerFlow: number
  readonly #stage: Stage
  /** Where the near relay goes to. */
  readonly #target: Ports
  readonly #near: Pair['near'] | undefined

  private constructor(stage: Stage, competitor: Competitor, target: Ports, relays: readonly Serving[]) {
    this.name = competitor.name
    this.filesPerFlow = competitor.filesPerFlow
    this.ports = relays.at(-1)?.ports ?? target
    this.relays = relays
    this.#stage = stage
    this.#target = target
    this.#near = competitor.pair?.near
  }

  static async start(stage: Stage, competitor: Competitor, origins: Ports): Promise<System> {
    const far = await competitor.pair?.far(origins)
    if (far === undefined || competitor.pair === undefined) return new System(stage, competitor, origins, [])
    const near = await competitor.pair.near(far.ports)
    return new System(stage, competitor, far.ports, [far, near])
  }

  /** The same, with a path in between that takes `delayMs` each way; ended by its own dispose. */
  async over(delayMs: number): Promise<AsyncDisposable & { readonly ports: Ports }> {
    const { children } = this.#stage
    const path = await children.node('delay-process.ts', { delayMs, targets: this.#target })
    const near = await this.#near?.(path.ports)
    return {
      ports: near?.ports ?? path.ports,
      [Symbol.asyncDispose]: async () => {
        if (near !== undefined) await children.stop(near)
        await children.stop(path)
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const relay of this.relays.toReversed()) await this.#stage.children.stop(relay)
  }
}
