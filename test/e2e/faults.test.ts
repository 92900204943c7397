/** Processes are killed and links cut; service comes back by itself (done-when 5). */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Clusters, curl, curlEventually, importUid, rolledOut, upLab } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { describeInLab } from '../support/missing.ts'
import { ROOT } from '../support/source-tree.ts'

const URL = 'http://hello.demo.svc.clusterset.local:8080/'
const example = (name: string) => join(ROOT, 'examples/hello', name)

const VICTIMS = [
  ['east', 'router'],
  ['west', 'router'],
  ['east', 'controller'],
  ['west', 'controller'],
  ['east', 'dns'],
  ['west', 'dns'],
  ['east', 'api-server'],
  ['west', 'api-server'],
] as const

describeInLab([], 'faults', () => {
  let clusters: Clusters
  beforeAll(async () => {
    clusters = await upLab()
    await clusters.kubectl('east', ['apply', '-f', example('hello.yaml'), '-f', example('export.yaml')])
    await clusters.kubectl('west', ['create', 'namespace', 'demo'])
    await rolledOut(clusters, 'east', 'hello')
    await curlEventually(clusters, 'west', URL)
  }, 180_000)
  afterAll(() => clusters?.down(), 60_000)

  test.each(VICTIMS)(
    'kill -9 of %s %s: curl works again within 5 s and the import never vanishes',
    async (cluster, role) => {
      const before = await importUid(clusters, 'west', 'hello')
      await clusters.kill(cluster, role)
      await eventually(() => curl(clusters, 'west', '--connect-timeout', '1', URL), { within: 5000 })
      // Where an API server was killed this also waits until it is back.
      await importUid(clusters, cluster, 'hello')
      await eventually(
        async () => {
          const pods = await clusters.kubectl(cluster, [
            'get',
            'pods',
            '-n',
            'fairlead-system',
            '-o',
            'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}',
          ])
          return !pods.stdout.includes('False')
        },
        { within: 15_000 },
      )
      // Read last, when the restarted process has had its say about the import.
      expect(await importUid(clusters, 'west', 'hello')).toBe(before)
    },
    60_000,
  )

  test('exports made after all that still arrive', async () => {
    await clusters.kubectl('east', ['delete', '-f', example('export.yaml')])
    await eventually(
      async () =>
        (await clusters.kubectl('west', ['get', 'serviceimports', '-n', 'demo', '-o', 'name'])).stdout === '',
    )
    await clusters.kubectl('east', ['apply', '-f', example('export.yaml')])
    await curlEventually(clusters, 'west', URL)
  }, 30_000)

  test('a cut link fails connections without taking the import away, and heals within 3 s', async () => {
    const before = await importUid(clusters, 'west', 'hello')
    await clusters.cut('east', 'west')
    await eventually(
      async () =>
        (await clusters.exec('west', ['curl', '-sS', '--max-time', '1', URL], { codes: [0, 7, 28, 52, 56] }))
          .code !== 0,
    )
    await new Promise((resolve) => setTimeout(resolve, 5000)) // long enough for dead-peer detection and backoff to reach its worst
    await clusters.heal('east', 'west')
    await eventually(() => curl(clusters, 'west', '--connect-timeout', '1', URL), { within: 3000 })
    expect(await importUid(clusters, 'west', 'hello')).toBe(before)
  }, 60_000)

  test('names and local services go on while the other cluster is away', async () => {
    await clusters.cut('east', 'west')
    expect(
      (await clusters.exec('west', ['getent', 'hosts', 'hello.demo.svc.clusterset.local'])).stdout,
    ).toMatch(/^10\.96\./)
    expect(await curl(clusters, 'east', URL)).toMatch(/^hello from/)
    await clusters.heal('east', 'west')
    await eventually(() => curl(clusters, 'west', '--connect-timeout', '1', URL), { within: 3000 })
  }, 60_000)
})
