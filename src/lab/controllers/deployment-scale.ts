/**
 * How many Pods each ReplicaSet of a Deployment may have now: Recreate and rolling update. Pure.
 */
import type { Deployment, IntOrPercent, ReplicaSet } from './workloads.ts'

/** The numbers a rolling update keeps to. */
export interface RolloutBounds {
  readonly replicas: number
  /** Most Pods at one time. */
  readonly maxTotal: number
  /** Fewest available Pods at any time. */
  readonly minAvailable: number
}

/** ReplicaSet name -> wanted replicas, only where that differs from what it has. */
export type Scaling = ReadonlyMap<string, number>

/** The bounds of a Deployment; percentages round surge up and unavailability down, and never both to zero. */
export function rolloutBounds(deployment: Deployment): RolloutBounds {
  const replicas = deployment.spec.replicas ?? 1
  const rolling = deployment.spec.strategy?.rollingUpdate
  const surge = resolve(rolling?.maxSurge ?? '25%', replicas, Math.ceil)
  const unavailable = resolve(rolling?.maxUnavailable ?? '25%', replicas, Math.floor)
  const tolerated = surge === 0 && unavailable === 0 ? 1 : Math.min(unavailable, replicas)
  return { replicas, maxTotal: replicas + surge, minAvailable: replicas - tolerated }
}

/** The next step of a rollout to `current`. `podsOf` counts every Pod of an old set that still exists, terminating ones too. */
export function scaleRollout(
  deployment: Deployment,
  current: ReplicaSet,
  old: readonly ReplicaSet[],
  podsOf: (set: ReplicaSet) => number,
): Scaling {
  const { replicas } = rolloutBounds(deployment)
  if (deployment.spec.paused === true) return scalePaused(replicas, current, old)
  if (deployment.spec.strategy?.type === 'Recreate') {
    const gone = old.every((set) => sizeOf(set) === 0 && podsOf(set) === 0)
    return changes([...old.map((set) => [set, 0] as const), [current, gone ? replicas : 0] as const])
  }
  return scaleRolling(deployment, current, old)
}

/** Resolves `25%` or 3 against a total. */
export function resolve(value: IntOrPercent, total: number, round: (value: number) => number): number {
  const text = String(value)
  const number = Number.parseInt(text, 10)
  if (Number.isNaN(number)) return 0
  return text.endsWith('%') ? round((number * total) / 100) : number
}

/** A paused Deployment starts no rollout, but the one set that carries it still follows `replicas`. */
function scalePaused(replicas: number, current: ReplicaSet, old: readonly ReplicaSet[]): Scaling {
  const active = [current, ...old].filter((set) => sizeOf(set) > 0)
  const only = active.length === 1 ? active[0] : undefined
  return changes(only === undefined ? [] : [[only, replicas]])
}

function scaleRolling(deployment: Deployment, current: ReplicaSet, old: readonly ReplicaSet[]): Scaling {
  const bounds = rolloutBounds(deployment)
  const total = sum([current, ...old].map(sizeOf))
  const room = Math.max(0, bounds.maxTotal - total)
  const target = Math.min(bounds.replicas, sizeOf(current) + room)
  if (target !== sizeOf(current)) return changes([[current, target]])
  return changes(scaleDownOld(bounds, current, old))
}

/** Old sets give up their unavailable Pods first, then available ones as far as `minAvailable` lets them. */
function scaleDownOld(
  bounds: RolloutBounds,
  current: ReplicaSet,
  old: readonly ReplicaSet[],
): [ReplicaSet, number][] {
  const missing = sizeOf(current) - Math.min(sizeOf(current), availableOf(current))
  let budget = sum([current, ...old].map(sizeOf)) - bounds.minAvailable - missing
  const sizes = new Map(old.map((set) => [set, sizeOf(set)]))
  const take = (set: ReplicaSet, most: number): number => {
    const taken = Math.max(0, Math.min(most, budget, sizes.get(set) ?? 0))
    sizes.set(set, (sizes.get(set) ?? 0) - taken)
    budget -= taken
    return taken
  }
  for (const set of old) take(set, sizeOf(set) - availableOf(set))
  let spare = sum([current, ...old].map(availableOf)) - bounds.minAvailable
  for (const set of old) spare -= take(set, spare)
  return [...sizes]
}

function changes(wanted: readonly (readonly [ReplicaSet, number])[]): Scaling {
  return new Map(
    wanted
      .filter(([set, replicas]) => sizeOf(set) !== replicas)
      .map(([set, replicas]) => [set.metadata.name ?? '', replicas]),
  )
}

function sizeOf(set: ReplicaSet): number {
  return set.spec.replicas ?? 1
}

function availableOf(set: ReplicaSet): number {
  return set.status?.availableReplicas ?? 0
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
