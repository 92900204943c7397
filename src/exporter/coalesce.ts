/**
 * Many changes in one turn of the event loop, one reaction.
 */

/** A reaction that can be asked for often and runs once a turn. */
export interface Coalesced {
  /** Has the reaction run at the end of this turn of the event loop. */
  request(): void
  /** Forgets a request that has not run. */
  cancel(): void
}

/** `action` runs at most once a turn: a watch delivers many events in one read. */
export function coalesce(action: () => void): Coalesced {
  let pending: NodeJS.Immediate | undefined
  return {
    request() {
      pending ??= setImmediate(() => {
        pending = undefined
        action()
      })
    },
    cancel() {
      clearImmediate(pending)
      pending = undefined
    },
  }
}
