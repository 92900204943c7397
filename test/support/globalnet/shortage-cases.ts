/** What users are told when addresses cannot be had, and that all is well when that is mended. The Services have NEW_PORTS. */
import { expect, test } from '@jest/globals'
import { eventually } from '../eventually.ts'
import { egress } from '../global-objects.ts'
import type { Ask } from '../global-world.ts'
import { applyAll } from '../peer-objects.ts'
import { CASE, type GlobalScene, NEW_PORTS, PATIENT } from './scene.ts'

/** No pods of another GlobalEgressIP. */
const GREEDY = { matchLabels: { app: 'greedy' } }

type SceneOf = () => GlobalScene

interface Fault {
  readonly make: () => Promise<unknown>
  readonly mend: () => Promise<unknown>
  readonly meanwhile?: () => Promise<unknown>
  /** What `fairlead check` prints. */
  readonly says: RegExp
  /** Of an Event about the object. */
  readonly reason: string
  readonly object: string
}

/** An exhausted block. */
export function poolCases(scene: SceneOf): void {
  test(
    'a pool with no address left says so, and gives some when fewer are wanted',
    async () => {
      const { west } = scene().worlds
      const count = (wanted: number) =>
        applyAll(scene().clusters, 'west', egress('demo', 'greedy', { count: wanted, podSelector: GREEDY }))
      await showsAndMends(scene(), {
        make: () => count(20),
        mend: () => count(2),
        says: /global addresses .*demo\/greedy: none of the 30 addresses of 242\.[\d.]+\/27 is free/,
        reason: 'Exhausted',
        object: 'greedy',
      })
      expect((await west.addresses()).egress['demo/greedy']).toHaveLength(2)
      await west.kubectl('delete', 'geip', 'greedy', '-n', 'demo')
    },
    CASE,
  )
}

/** A range that is none. */
export function badRangeCases(scene: SceneOf): void {
  test(
    'a range that is none says so, and addresses are as before when it is mended',
    async () => {
      const owned = await scene().addresses()
      await showsAndMends(scene(), {
        make: () => patchNetwork(scene(), { range: '242.0.0.0/99' }),
        mend: () => patchNetwork(scene(), { range: '242.0.0.0/8' }),
        says: /globalnet .*spec\.range is no block such as 242\.0\.0\.0\/8/,
        reason: 'Invalid',
        object: 'globalnetwork/cluster',
      })
      expect(await scene().addresses()).toEqual(owned)
      await scene().whenAllIsWell(NEW_PORTS)
    },
    CASE,
  )
}

/** A range that others' addresses are in. */
export function overlapCases(scene: SceneOf): void {
  test(
    "a range in the way of the pods' addresses says so, and works when it is mended",
    async () => {
      await showsAndMends(scene(), {
        make: () => patchNetwork(scene(), { range: '10.0.0.0/8' }),
        mend: () => patchNetwork(scene(), { range: '242.0.0.0/8' }),
        meanwhile: () => podsReachEachOther(scene()),
        says: /global range .*overlaps 10\.244\.[\d.]+\/\d+, the pods' addresses/,
        reason: 'Overlaps',
        object: 'globalnetwork/cluster',
      })
      await scene().whenAllIsWell(NEW_PORTS)
    },
    CASE,
  )
}

/** What kubectl and `fairlead check` say of a fault, and that both are content when it is mended. */
async function showsAndMends({ clusters, worlds: { west } }: GlobalScene, fault: Fault): Promise<void> {
  const check = () => clusters.fairlead(['check', '--context', 'west'], { codes: [0, 1] })
  await fault.make()
  await eventually(async () => {
    const { code, stdout } = await check()
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringMatching(fault.says) })
    const lines = (await west.kubectl('get', 'events', '-A')).split('\n')
    expect(lines.filter((line) => line.includes(fault.reason) && line.includes(fault.object))).not.toEqual([])
  }, PATIENT)
  await fault.meanwhile?.()
  await fault.mend()
  await eventually(async () => expect(await check()).toMatchObject({ code: 0 }), PATIENT)
}

/** Who could not reach the API server any more could not mend it either. */
async function podsReachEachOther({ worlds: { west } }: GlobalScene): Promise<void> {
  const { far = 'none' } = await west.pods()
  const asks: Ask[] = [{ host: far }, { host: far, protocol: 'UDP' }]
  for (const each of Object.values(await west.ask(['near', 'own'], asks)).flat(2))
    expect(each).not.toHaveProperty('error')
}

function patchNetwork({ worlds: { west } }: GlobalScene, spec: object): Promise<string> {
  return west.kubectl('patch', 'gnet', 'cluster', '--type=merge', '-p', JSON.stringify({ spec }))
}
