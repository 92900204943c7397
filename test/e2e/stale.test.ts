/** A cluster behind a cut link becomes stale: imports that others serve let go of it, name it, and take it back. */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { SYSTEM_NAMESPACE } from '../../src/api/names.ts'
import { type Clusters, curlEventually, rolledOut, upLab } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { describeInLab } from '../support/missing.ts'
import { ROOT } from '../support/source-tree.ts'

const URL = 'http://hello.demo.svc.clusterset.local:8080/'
const SHORT = '[{"op":"add","path":"/spec/template/spec/containers/0/args/-","value":"--stale-after=2s"}]'
const SOON = { within: 30_000 }
const example = (name: string) => join(ROOT, 'examples/hello', name)

describeInLab([], 'a stale cluster', () => {
  let clusters: Clusters
  beforeAll(async () => {
    clusters = await upLab()
    const controller = ['deployment/fairlead-controller', '-n', SYSTEM_NAMESPACE]
    await clusters.kubectl('west', ['patch', ...controller, '--type=json', '-p', SHORT])
    for (const cluster of ['east', 'west']) {
      await clusters.kubectl(cluster, ['apply', '-f', example('hello.yaml'), '-f', example('export.yaml')])
      await rolledOut(clusters, cluster, 'hello')
    }
    await rolledOut(clusters, 'west', 'fairlead-controller', SYSTEM_NAMESPACE)
    await curlEventually(clusters, 'west', URL)
  }, 180_000)
  afterAll(() => clusters?.down(), 60_000)

  async function seen(): Promise<{ stale: string; endpoints: string[] }> {
    const get = async (what: string, path: string) =>
      (await clusters.kubectl('west', ['get', ...what.split(' '), '-n', 'demo', '-o', `jsonpath=${path}`]))
        .stdout
    const labels =
      '-l multicluster.kubernetes.io/service-name=hello,multicluster.kubernetes.io/source-cluster=east'
    const [stale, endpoints] = await Promise.all([
      get('serviceimport hello', '{.status.conditions[?(@.type=="fairlead.dev/Stale")].message}'),
      get(`endpointslices ${labels}`, '{.items[*].endpoints[*].addresses[0]}'),
    ])
    return { stale, endpoints: endpoints.split(' ').filter((address) => address !== '') }
  }

  test('its endpoints go and come back, local clients notice nothing', async () => {
    await eventually(async () => expect((await seen()).endpoints.length).toBeGreaterThan(0), SOON)
    expect((await seen()).stale).toBe('')
    await clusters.cut('east', 'west')
    await eventually(
      async () => expect(await seen()).toEqual({ stale: 'cannot be reached: east', endpoints: [] }),
      SOON,
    )
    await curlEventually(clusters, 'west', URL)
    await clusters.heal('east', 'west')
    await eventually(async () => {
      const { stale, endpoints } = await seen()
      expect([stale, endpoints.length > 0]).toEqual(['', true])
    }, SOON)
  }, 120_000)
})
