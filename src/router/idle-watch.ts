/**
 * Ends what carries nothing for too long. Members only count what they carry; the counts are compared at coarse steps,
 * so that neither a timer nor a look at the clock is spent on a flow or a chunk.
 */
import type { Cancel, Clock } from '../core/clock.ts'
import { IDLE_LOOKS } from './limits.ts'

/** Something that carries bytes. */
export interface Idler {
  /** Changes whenever something is carried. */
  readonly activity: number
  /** Nothing was carried for as long as was allowed. */
  idled(): void
}

interface Quiet {
  activity: number
  /** Looks in a row that found nothing new. */
  looks: number
}

/** The members of one idle time. */
interface Group {
  readonly members: Map<Idler, Quiet>
  readonly stop: Cancel
}

/** Members are grouped by their idle time, and each group is looked at IDLE_LOOKS times in it. */
export class IdleWatch {
  readonly #clock: Clock
  readonly #groups = new Map<number, Group>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Starts to watch; `ms` of 0 watches nothing. */
  add(member: Idler, ms: number): void {
    if (ms > 0) this.#group(ms).members.set(member, { activity: -1, looks: 0 })
  }

  /** `ms` is that of `add`. */
  delete(member: Idler, ms: number): void {
    const group = this.#groups.get(ms)
    if (group === undefined || !group.members.delete(member) || group.members.size > 0) return
    group.stop()
    this.#groups.delete(ms)
  }

  #group(ms: number): Group {
    const known = this.#groups.get(ms)
    if (known !== undefined) return known
    const members = new Map<Idler, Quiet>()
    const group = { members, stop: this.#clock.every(ms / IDLE_LOOKS, () => look(members)) }
    this.#groups.set(ms, group)
    return group
  }
}

function look(members: ReadonlyMap<Idler, Quiet>): void {
  for (const [member, quiet] of members) {
    if (member.activity !== quiet.activity) {
      quiet.activity = member.activity
      quiet.looks = 0
      continue
    }
    quiet.looks += 1
    if (quiet.looks >= IDLE_LOOKS) member.idled()
  }
}
