/** What the process of the benchmark tells. */

/** What links carried, both directions of each together. */
export interface Traffic {
  readonly messages: number
  readonly messagesPerLink: number
  readonly mostMessages: number
  readonly bytesPerLink: number
  readonly mostBytes: number
}

/** One kind of event: the worst and the middle of all rounds. */
export interface Happened extends Traffic {
  readonly event: string
  readonly rounds: number
  /** Virtual time until the last router's view changed last, milliseconds. */
  readonly settledMs: { readonly p50: number; readonly max: number }
  /** CPU time of this machine for each router and event, milliseconds. */
  readonly cpuMsPerRouter: number
  /** Views that differed from the real network afterwards. */
  readonly wrong: number
}

/** One network. */
export interface Simulated {
  readonly shape: string
  readonly routers: number
  readonly links: number
  readonly latencyMs: number
  readonly events: readonly Happened[]
  /** Heap of one router that knows the whole network, MB. */
  readonly heapMb: number
  /** Of this process, with all routers in it, MB. */
  readonly peakRssMb: number
  /** Paths computed by a router for one lost link, mean, and routers visited for it, at most twice all. */
  readonly computations: number
  readonly visited: number
  readonly realSeconds: number
}
