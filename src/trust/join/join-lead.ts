/**
 * The time during which this replica makes invites and redeems those of others: from its election on.
 */
import { Lifecycle, type Startable } from '../../core/lifecycle.ts'

/** Followers have one that has not begun. */
export class JoinLead implements Startable {
  readonly #parts: Lifecycle
  #beginning: Promise<void> = Promise.resolve()

  /** What only the leader may do. */
  constructor(parts: readonly Startable[]) {
    this.#parts = new Lifecycle(parts)
  }

  /** This replica was elected. */
  begin(): void {
    this.#beginning = this.#parts.start()
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {
    await this.#beginning
    await this.#parts.stop()
  }
}
