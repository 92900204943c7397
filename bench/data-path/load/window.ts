/** Watching a load for a while: how much it does a second, and what that costs the relays. */
import { setTimeout as sleep } from 'node:timers/promises'
import { cpuTime, type Process } from '../processes.ts'

/** Something that runs and counts. */
export interface Load {
  /** Units done so far: bytes, requests, connections, datagrams. */
  readonly done: number
  /** Forgets what was seen in the warm-up, beside the count. */
  reset?(): void
  stop(): void
}

/** Milliseconds of one measurement. */
export interface Timing {
  readonly warmUpMs: number
  readonly ms: number
}

/** What a load did in the measured time. */
export interface Window {
  readonly done: number
  readonly perSecond: number
  /** CPU milliseconds of all relays. */
  readonly cpuMs: number
}

/** How long a measurement may last beyond its time until the first unit is done, milliseconds, and how often that is looked at. */
const LATE = { ms: 10_000, lookMs: 20 } as const

/** Lets the load warm up, then measures it: at least until something is done. The load is not stopped. */
export async function watch(load: Load, relays: readonly Process[], timing: Timing): Promise<Window> {
  await sleep(timing.warmUpMs)
  load.reset?.()
  const [doneBefore, cpuBefore, startedAt] = [load.done, cpuTime(relays), performance.now()]
  await sleep(timing.ms)
  const latest = performance.now() + LATE.ms
  while (load.done === doneBefore && performance.now() < latest) await sleep(LATE.lookMs)
  const done = load.done - doneBefore
  const seconds = (performance.now() - startedAt) / 1000
  return { done, perSecond: done / seconds, cpuMs: cpuTime(relays) - cpuBefore }
}

/** Watches, then stops the load in any case. */
export async function watchAndStop(load: Load, relays: readonly Process[], timing: Timing): Promise<Window> {
  try {
    return await watch(load, relays, timing)
  } finally {
    load.stop()
  }
}
