/** The agent as a pod of its manifests: a service of another cluster by a global address, from pods and from the node. */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Clusters, curl, curlEventually, rolledOut, upLab } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { GLOBAL_CRDS } from '../support/global-crds.ts'
import { describeInLab } from '../support/missing.ts'
import { ROOT } from '../support/source-tree.ts'

const NAME = 'http://hello.demo.svc.clusterset.local:8080/'
const ADDRESS = '242.7.0.1'
const URL = `http://${ADDRESS}:8080/`
const AGENT = join(ROOT, 'manifests/overlays/globalnet/agent')
const NETWORK = {
  apiVersion: 'fairlead.dev/v1alpha1',
  kind: 'GlobalNetwork',
  metadata: { name: 'cluster' },
  spec: { range: '242.0.0.0/8' },
}
const example = (name: string) => join(ROOT, 'examples/hello', name)

describeInLab([], 'global addresses', () => {
  let clusters: Clusters
  beforeAll(async () => {
    clusters = await upLab()
    await clusters.kubectl('east', ['apply', '-f', example('hello.yaml'), '-f', example('export.yaml')])
    await clusters.kubectl('west', ['create', 'namespace', 'demo'])
    await rolledOut(clusters, 'east', 'hello')
    await curlEventually(clusters, 'west', NAME)
    const crds = { apiVersion: 'v1', kind: 'List', items: GLOBAL_CRDS }
    await clusters.kubectl('west', ['apply', '-f', '-'], { input: JSON.stringify(crds) })
    const applyNetwork = () =>
      clusters.kubectl('west', ['apply', '-f', '-'], { input: JSON.stringify(NETWORK) })
    await eventually(applyNetwork, { within: 20_000 })
    await clusters.kubectl('west', ['apply', '-f', AGENT])
  }, 240_000)
  afterAll(() => clusters?.down(), 60_000)

  test('the agent becomes ready', async () => {
    const flags = ['rollout', 'status', 'daemonset/fairlead-agent', '-n', 'fairlead-system', '--timeout=60s']
    await clusters.kubectl('west', flags)
  })

  test('a pod reaches the service of the other cluster by the address that its import has', async () => {
    const selected = ['-n', 'demo', '-l', 'fairlead.dev/derived-from=hello']
    await clusters.kubectl('west', ['annotate', 'service', ...selected, `fairlead.dev/global-ip=${ADDRESS}`])
    expect(await curlEventually(clusters, 'west', URL)).toMatch(/^hello from hello-/)
  })

  test('what is nobody’s is refused at once', async () => {
    await expect(curl(clusters, 'west', 'http://242.7.0.2:8080/')).rejects.toThrow('exit 7')
  })

  test('it goes on without an agent', async () => {
    await clusters.kubectl('west', ['delete', 'daemonset', 'fairlead-agent', '-n', 'fairlead-system'])
    await curl(clusters, 'west', URL)
  })
})
