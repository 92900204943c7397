/**
 * One stored Event, two APIs: core/v1 is the stored form, events.k8s.io/v1 names some fields differently.
 */
import type { ApiObject } from '../api-object.ts'
import type { Conversion } from './resource-definition.ts'

/** Field in core/v1, field in events.k8s.io/v1. */
const RENAMED: readonly (readonly [string, string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
]

function rename(object: ApiObject, apiVersion: string, names: ReadonlyMap<string, string>): ApiObject {
  const entries = Object.entries(object).map(([key, value]) => [names.get(key) ?? key, value] as const)
  return { ...Object.fromEntries(entries), apiVersion, kind: 'Event', metadata: object.metadata }
}

const toEvents = new Map(RENAMED)
const toCore = new Map(RENAMED.map(([core, events]) => [events, core]))

export const eventsConversion: Conversion = {
  fromStored: (object) => rename(object, 'events.k8s.io/v1', toEvents),
  toStored: (object) => rename(object, 'v1', toCore),
}
