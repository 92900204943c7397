/**
 * Events are removed an hour after they were last seen, so that they do not pile up.
 */
import type { Cancel } from '../../../core/clock.ts'
import { type ApiObject, keyOf } from '../api-object.ts'
import { stringAt } from '../json/access.ts'
import { EVENT_LIFETIME_MS, EVENT_SWEEP_MS } from '../limits.ts'
import type { ApiDeps } from '../verbs/deps.ts'

/** Starts the sweeps; returns the way to stop. */
export function expireEvents({ clock, store }: ApiDeps): Cancel {
  return clock.every(EVENT_SWEEP_MS, () => {
    const oldest = clock.now() - EVENT_LIFETIME_MS
    for (const event of store.bucket('/events').values()) {
      if (lastSeen(event) < oldest) store.remove('/events', keyOf(event), event)
    }
  })
}

function lastSeen(event: ApiObject): number {
  const times = [
    stringAt(event, 'series', 'lastObservedTime'),
    stringAt(event, 'lastTimestamp'),
    stringAt(event, 'eventTime'),
    event.metadata.creationTimestamp,
  ]
  return Math.max(...times.flatMap((time) => (time === undefined ? [] : [Date.parse(time)])))
}
