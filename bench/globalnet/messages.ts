/** What the parts of the benchmark tell each other. */
import type { Summary } from '../statistics.ts'

/** Exports with global addresses. Half of the endpoints are pods of the own cluster. */
export interface Shape {
  readonly services: number
  readonly endpoints: number
}

/** What the pure functions take, milliseconds of CPU. */
export interface Planned {
  readonly rules: number
  readonly elements: number
  readonly chains: number
  readonly assembleMs: Summary
  readonly planMs: Summary
  /** All owners get an address, none is recorded. */
  readonly allocateMs: Summary
  /** All have one recorded, and there is an owner more. */
  readonly allocateOneMs: Summary
}

/** One change of a table in the kernel. */
export interface Changed {
  readonly change: string
  /** Lines that nft reads. */
  readonly commands: number
  /** Elements and rules that these add or delete. */
  readonly touched: number
  /** Assembly (not for slots), plan and difference, milliseconds of CPU. */
  readonly computeMs: Summary
  /** nft, and reading the table back where a chain is written anew, milliseconds. */
  readonly nftMs: Summary
}

export interface InKernel {
  /** The whole table where there was none, milliseconds. */
  readonly applyMs: Summary
  readonly changes: readonly Changed[]
  /** The table read back and compared with the plan, milliseconds. */
  readonly verifyMs: Summary
}

/** New connections through one set of rules. */
export interface Connected {
  readonly rules: string
  /** Global addresses with their port; 0 when nothing is translated. */
  readonly globals: number
  readonly perSecond: Summary
  /** User and system time of client and server, microseconds for each connection. */
  readonly cpuUs: Summary
  /** Rate and CPU beside those of the same round without translation. */
  readonly rateRatio: Summary
  readonly cpuRatio: Summary
  /** The same rules beside those of the same kind for the few globals, CPU; absent where these are the few. */
  readonly growth?: Summary
}

export interface KernelArgument {
  readonly shape: Shape
  readonly rounds: number
  /** Of connections; none when 0. */
  readonly connectionRounds: number
  readonly ms: number
  /** Whether there is iptables-restore. */
  readonly iptables: boolean
}

export interface KernelMessage {
  readonly kernel: InKernel
  readonly connections: readonly Connected[]
}

/** Everything of one size. */
export interface Sized {
  readonly shape: Shape
  readonly planned: Planned
  /** Absent where no network namespace can be had. */
  readonly kernel?: InKernel
}
