/** What faults change: killed processes, deleted rules, and in the end the uninstallation. The Services have NEW_PORTS. */
import { expect, test } from '@jest/globals'
import { SYSTEM_NAMESPACE } from '../../../src/api/names.ts'
import { eventually } from '../eventually.ts'
import type { GlobalWorld } from '../global-world.ts'
import { CASE, type GlobalScene, NEW_PORTS, nameOf, otherThan, PATIENT, UP } from './scene.ts'

type SceneOf = () => GlobalScene

/** All processes of one of these roles at once. */
export type Role = 'agent' | 'controller' | 'api-server' | 'router'

const TALKERS = ['near', 'far', 'own', 'ring-0']

export function killCases(scene: SceneOf, roles: readonly Role[]): void {
  test.each(roles)(
    'no address changes when every %s is killed under traffic',
    async (role) => {
      const owned = await scene().addresses()
      const told = await beginTalks(scene())
      const process = role === 'agent' ? `${SYSTEM_NAMESPACE}/fairlead-agent` : role
      await scene().inEach((_, cluster) => scene().clusters.kill(cluster, process))
      await scene().whenAllIsWellAgain(NEW_PORTS)
      if (role !== 'api-server') await scene().inEach((world) => scene().whenRestarted(world, role))
      expect(await scene().addresses()).toEqual(owned)
      if (role === 'router') return
      const goneOn = await talks(scene())
      expect(goneOn.flatMap(({ failed }) => failed ?? [])).toEqual([])
      for (const [at, { messages }] of goneOn.entries())
        expect(messages).toBeGreaterThan(told[at]?.messages ?? 0)
    },
    CASE,
  )
}

export function driftCases(scene: SceneOf): void {
  test(
    'a table that somebody deletes is back within five seconds, whole',
    async () => {
      await scene().inEach(async (world) => {
        for (const node of [0, 1]) {
          const present = await table(world, node)
          expect((await world.runOn(node, 'nft', 'delete', 'table', 'ip', 'fairlead')).code).toBe(0)
          await eventually(async () => expect(await table(world, node)).toEqual(present), { within: 5000 })
        }
      })
      await scene().whenAllIsWellAgain(NEW_PORTS)
    },
    CASE,
  )
}

/** Nothing comes after it. */
export function endCases(scene: SceneOf): void {
  test(
    'uninstall leaves nodes as they were before',
    async () => {
      const { clusters } = scene()
      await scene().inEach((_, cluster) =>
        clusters.fairlead(['uninstall', '--context', cluster], { timeout: UP }),
      )
      await scene().expectUntouched()
    },
    UP,
  )
}

/** Conversations that have begun. */
async function beginTalks(scene: GlobalScene) {
  await scene.inEach((world, cluster) =>
    world.talk(TALKERS, [{ host: nameOf('web', otherThan(cluster)), port: NEW_PORTS.tcp, times: 1 }]),
  )
  return await eventually(async () => {
    const begun = await talks(scene)
    expect(begun.map(({ messages }) => messages)).not.toContain(0)
    return begun
  }, PATIENT)
}

async function talks(scene: GlobalScene) {
  return (await scene.inEach((world) => world.talks(TALKERS))).flat()
}

/** The words of the table, sorted: of equal sets nft lists the elements in another order. */
async function table(world: GlobalWorld, node: number): Promise<string[]> {
  const { code, stdout } = await world.runOn(node, 'nft', 'list', 'table', 'ip', 'fairlead')
  expect(code).toBe(0)
  return stdout
    .split(/[\n,{}]|elements =/)
    .map((word) => word.trim())
    .sort()
}
