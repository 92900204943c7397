/** What happens to the clusters during a soak: links die, endpoints, exports and policies change, in an order by chance. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clusters } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { applyAll, serviceExport, trafficPolicy } from '../support/peer-objects.ts'
import { WORK_REPLICAS } from './stage.ts'

/** Between two of them, milliseconds. */
const PAUSE = { min: 1_000, max: 3_000 }
/** A silent cut: long enough to be noticed, or not; shorter than any grace. Milliseconds. */
const CUT = { min: 1_000, max: 6_000 }

/** A number from 0 to below 1. */
export type Random = () => number

type Disturbance = (clusters: Clusters, random: Random) => Promise<void>

const inDemo = (clusters: Clusters, ...args: string[]) => clusters.kubectl('east', ['-n', 'demo', ...args])

async function anyWorkPod(clusters: Clusters, random: Random): Promise<string> {
  const { stdout } = await inDemo(clusters, 'get', 'pods', '-l', 'app=work', '-o', 'name')
  const names = stdout.trim().split('\n')
  return names[Math.floor(random() * names.length)] ?? ''
}

const DISTURBANCES: Readonly<Record<string, Disturbance>> = {
  async 'links reset'(clusters, random) {
    await clusters.reset(random() < 0.5 ? 'east' : 'west')
  },
  async 'link cut silently'(clusters, random) {
    await clusters.cut('east', 'west')
    await sleep(between(CUT, random))
    await clusters.heal('east', 'west')
  },
  async 'endpoint ended with grace'(clusters, random) {
    await inDemo(clusters, 'delete', '--wait=false', await anyWorkPod(clusters, random))
  },
  async 'endpoint ended without grace'(clusters, random) {
    const pod = await anyWorkPod(clusters, random)
    await inDemo(clusters, 'delete', '--wait=false', '--grace-period=0', '--force', '--ignore-not-found', pod)
  },
  async 'number of endpoints changed'(clusters, random) {
    const replicas = 1 + Math.floor(random() * (2 * WORK_REPLICAS))
    await inDemo(clusters, 'scale', 'deployment/work', `--replicas=${replicas}`)
  },
  async 'exported and unexported'(clusters) {
    const imported = async () =>
      (await clusters.kubectl('west', ['-n', 'demo', 'get', 'serviceimports', '-o', 'name'])).stdout.includes(
        '/coming\n',
      )
    await applyAll(clusters, 'east', serviceExport('coming'))
    await eventually(imported, { within: 30_000 })
    await inDemo(clusters, 'delete', 'serviceexport', 'coming')
    await eventually(async () => !(await imported()), { within: 30_000 })
  },
  async 'policy changed'(clusters, random) {
    const locality = random() < 0.5 ? 'Any' : 'PreferLocal'
    await applyAll(clusters, 'west', trafficPolicy('work', { locality, retries: Math.floor(random() * 5) }))
  },
}

/** Disturbs for `milliseconds`; counts what was done in `done`. Ends with everything healed. */
export async function disturbFor(
  clusters: Clusters,
  random: Random,
  milliseconds: number,
  done: Map<string, number>,
): Promise<void> {
  const until = performance.now() + milliseconds
  const all = Object.entries(DISTURBANCES)
  while (performance.now() < until) {
    const [name, disturb] = all[Math.floor(random() * all.length)] ?? []
    if (name === undefined || disturb === undefined) continue
    await disturb(clusters, random)
    done.set(name, (done.get(name) ?? 0) + 1)
    await sleep(between(PAUSE, random))
  }
  await inDemo(clusters, 'scale', 'deployment/work', `--replicas=${WORK_REPLICAS}`)
}

function between({ min, max }: { readonly min: number; readonly max: number }, random: Random): number {
  return min + random() * (max - min)
}

/** mulberry32: the same numbers for the same seed. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
