/** Two controllers, one leads: when its process dies the other takes over and nothing vanishes. */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Clusters, curlEventually, importUid, rolledOut, upLab } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { describeInLab } from '../support/missing.ts'
import { ROOT } from '../support/source-tree.ts'

const URL = 'http://hello.demo.svc.clusterset.local:8080/'
const SYSTEM = ['-n', 'fairlead-system']
const example = (name: string) => join(ROOT, 'examples/hello', name)

describeInLab([], 'two controllers', () => {
  let clusters: Clusters
  beforeAll(async () => {
    clusters = await upLab()
    for (const cluster of ['east', 'west']) {
      await clusters.kubectl(cluster, ['scale', 'deployment/fairlead-controller', '--replicas=2', ...SYSTEM])
      await rolledOut(clusters, cluster, 'fairlead-controller', 'fairlead-system')
    }
    await clusters.kubectl('east', ['apply', '-f', example('hello.yaml'), '-f', example('export.yaml')])
    await clusters.kubectl('west', ['create', 'namespace', 'demo'])
    await rolledOut(clusters, 'east', 'hello')
    await curlEventually(clusters, 'west', URL)
  }, 180_000)
  afterAll(() => clusters?.down(), 60_000)

  const text = async (cluster: string, ...args: string[]) =>
    (await clusters.kubectl(cluster, [...args, ...SYSTEM])).stdout
  const leader = (cluster: string) =>
    text(cluster, 'get', 'lease', 'fairlead-controller', '-o', 'jsonpath={.spec.holderIdentity}')
  const imports = async () =>
    (await clusters.kubectl('west', ['get', 'serviceimports', '-n', 'demo', '-o', 'name'])).stdout

  test.each(['east', 'west'])(
    '%s: the standby leads after the leader is gone, and imports stay',
    async (cluster) => {
      const first = await leader(cluster)
      const before = await importUid(clusters, 'west', 'hello')
      await text(cluster, 'delete', 'pod', first, '--force', '--grace-period=0', '--wait=false')
      const second = await eventually(
        async () => {
          const holder = await leader(cluster)
          return holder !== '' && holder !== first && holder
        },
        { within: 40_000 },
      )
      expect(second).toMatch(/^fairlead-controller-/)
      expect(await importUid(clusters, 'west', 'hello')).toBe(before)
      await clusters.kubectl('east', ['delete', '-f', example('export.yaml')])
      await eventually(async () => (await imports()) === '', { within: 15_000 })
      await clusters.kubectl('east', ['apply', '-f', example('export.yaml')])
      await curlEventually(clusters, 'west', URL)
    },
    90_000,
  )

  test('kill -9 of the leading process: its pod or the standby leads, and changes still arrive', async () => {
    await clusters.kill('west', await leader('west'))
    expect(await imports()).toBe('serviceimport.multicluster.x-k8s.io/hello\n')
    await clusters.kubectl('east', ['delete', '-f', example('export.yaml')])
    await eventually(async () => (await imports()) === '', { within: 40_000 })
    await clusters.kubectl('east', ['apply', '-f', example('export.yaml')])
    await curlEventually(clusters, 'west', URL)
  }, 90_000)
})
