/**
 * What one TrafficPolicy says: its targets, and its settings with every default filled in. Pure.
 */
import type { TrafficPolicy } from '../api/traffic-policy.ts'
import {
  DEFAULT_TRAFFIC,
  type EjectionSettings,
  Locality,
  ProxyProtocol,
  type TrafficSettings,
} from '../api/traffic-settings.ts'
import {
  POLICY_DURATIONS,
  POLICY_MAX_FAILOVER,
  POLICY_MAX_FAILURES,
  POLICY_MAX_RETRIES,
  POLICY_MAX_WEIGHT,
  POLICY_MAX_WEIGHTS,
} from './limits.ts'
import { LABEL, type ReadTarget, readTargets } from './policy-targets.ts'
import {
  duration,
  type Fields,
  fault,
  field,
  list,
  map,
  object,
  oneOf,
  type Read,
  wholeNumber,
} from './spec-fields.ts'

/** A policy that can be used. */
export interface ReadPolicy {
  readonly targets: readonly ReadTarget[]
  readonly settings: TrafficSettings
}

/** Throws InvalidSpecError with what the user has to mend. */
export function readTrafficPolicy({ spec }: TrafficPolicy): ReadPolicy {
  const fields = object(spec, 'spec')
  return {
    targets: readTargets(fields.values['targets'], 'spec.targets'),
    settings: settingsOf(fields),
  }
}

function settingsOf(spec: Fields): TrafficSettings {
  const locality = field(spec, 'locality', oneOf(Object.values(Locality)), DEFAULT_TRAFFIC.locality)
  const failover = field(spec, 'failover', clusters, DEFAULT_TRAFFIC.failover)
  if (locality === Locality.failover && failover.length === 0) {
    throw fault('spec.locality', 'Failover needs the list spec.failover')
  }
  return {
    locality,
    failover,
    weights: field(spec, 'weights', weights, DEFAULT_TRAFFIC.weights),
    ...timesOf(spec),
    ejection: field(spec, 'ejection', ejection, DEFAULT_TRAFFIC.ejection),
    proxyProtocol: field(
      spec,
      'proxyProtocol',
      oneOf(Object.values(ProxyProtocol)),
      DEFAULT_TRAFFIC.proxyProtocol,
    ),
    retries: field(spec, 'retries', wholeNumber(0, POLICY_MAX_RETRIES), DEFAULT_TRAFFIC.retries),
  }
}

const clusters: Read<string[]> = (value, path) => {
  const order = list(LABEL, { min: 1, max: POLICY_MAX_FAILOVER })(value, path)
  const twice = order.find((cluster, index) => order.indexOf(cluster) !== index)
  if (twice !== undefined) throw fault(path, `names ${twice} twice`)
  return order
}

const weights: Read<Map<string, number>> = (value, path) => {
  const found = map(wholeNumber(0, POLICY_MAX_WEIGHT), POLICY_MAX_WEIGHTS)(value, path)
  for (const cluster of found.keys()) LABEL(cluster, `${path}: ${cluster.slice(0, 63)}`)
  return found
}

function timesOf(
  spec: Fields,
): Pick<TrafficSettings, 'connectMs' | 'idleMs' | 'resumeGraceMs' | 'udpIdleMs'> {
  const time = (name: keyof typeof POLICY_DURATIONS, otherwise: number) =>
    field(spec, name, duration(POLICY_DURATIONS[name]), otherwise)
  return {
    connectMs: time('connectTimeout', DEFAULT_TRAFFIC.connectMs),
    idleMs: time('idleTimeout', DEFAULT_TRAFFIC.idleMs),
    resumeGraceMs: time('resumeGrace', DEFAULT_TRAFFIC.resumeGraceMs),
    udpIdleMs: time('udpIdleTimeout', DEFAULT_TRAFFIC.udpIdleMs),
  }
}

/** A time that is given moves the default of the other one, when that would be on its wrong side. */
const ejection: Read<EjectionSettings> = (value, path) => {
  const fields = object(value, path)
  const { consecutiveFailures, baseMs, maxMs } = DEFAULT_TRAFFIC.ejection
  const base = field(fields, 'baseTime', duration(POLICY_DURATIONS.baseTime), undefined)
  const max = field(fields, 'maxTime', duration(POLICY_DURATIONS.maxTime), undefined)
  if (base !== undefined && max !== undefined && base > max) {
    throw fault(`${path}.baseTime`, `is longer than ${path}.maxTime`)
  }
  return {
    consecutiveFailures: field(
      fields,
      'consecutiveFailures',
      wholeNumber(0, POLICY_MAX_FAILURES),
      consecutiveFailures,
    ),
    baseMs: base ?? Math.min(baseMs, max ?? baseMs),
    maxMs: max ?? Math.max(maxMs, base ?? maxMs),
  }
}
