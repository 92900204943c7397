/** Three clusters that export and import one Service: conflicts on all exporters, the oldest wins, unexport and namespaces that come later. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { apply, type Clusters, curl, curlEventually, rolledOut, upLab } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { describeInLab } from '../support/missing.ts'

const NAMES = ['east', 'west', 'north']
const URL = 'http://web.demo.svc.clusterset.local:8080/'
const EXPORT = `
apiVersion: multicluster.x-k8s.io/v1beta1
kind: ServiceExport
metadata: {name: web, namespace: demo}
`

/** A web server that says which cluster it is in, and its Service. */
function web(cluster: string, port: string): string {
  return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: demo}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: node
        command: [node, -e, "require('http').createServer((_, answer) => answer.end('${cluster}')).listen(8080)"]
        readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: demo}
spec:
  selector: {app: web}
  ports: [${port}]
`
}

describeInLab([], 'three clusters', () => {
  let clusters: Clusters
  beforeAll(async () => {
    clusters = await upLab(NAMES)
    for (const cluster of ['east', 'west']) {
      await clusters.kubectl(cluster, ['create', 'namespace', 'demo'])
    }
    await apply(clusters, 'east', web('east', '{name: http, port: 8080}'))
    await apply(
      clusters,
      'west',
      web('west', '{name: web, port: 8080}, {name: more, port: 9090, targetPort: 8080}'),
    )
    for (const cluster of ['east', 'west']) await rolledOut(clusters, cluster, 'web')
  }, 300_000)
  afterAll(() => clusters?.down(), 60_000)

  const get = async (cluster: string, object: string, path: string) =>
    (await clusters.kubectl(cluster, ['get', object, '-n', 'demo', '-o', `jsonpath=${path}`])).stdout
  const conflict = (cluster: string) =>
    get(cluster, 'serviceexport/web', '{.status.conditions[?(@.type=="Conflict")].status}')
  const imported = (cluster: string) => get(cluster, 'serviceimport/web', '{.status.clusters[*].cluster}')

  test('what one exports, the cluster without the namespace does not import, until it has it', async () => {
    await apply(clusters, 'east', EXPORT)
    expect(await curlEventually(clusters, 'west', URL)).toBe('east')
    await expect(imported('north')).rejects.toThrow(/not ?found/i)
    await clusters.kubectl('north', ['create', 'namespace', 'demo'])
    await eventually(async () => (await imported('north')) === 'east')
    expect(await curlEventually(clusters, 'north', URL)).toBe('east')
  }, 60_000)

  test('a second export that differs is a conflict on both, and the older stays', async () => {
    // Ages have whole seconds: the younger export has to be of a later one.
    const created = Date.parse(await get('east', 'serviceexport/web', '{.metadata.creationTimestamp}'))
    await eventually(() => Date.now() >= created + 1_000)
    await apply(clusters, 'west', EXPORT)
    for (const cluster of ['east', 'west']) await eventually(async () => (await conflict(cluster)) === 'True')
    const message = await get(
      'west',
      'serviceexport/web',
      '{.status.conditions[?(@.type=="Conflict")].message}',
    )
    expect(message).toMatch(/oldest export, of cluster east, wins over west/)
    for (const cluster of NAMES) {
      await eventually(async () => (await imported(cluster)) === 'east west')
      expect(await get(cluster, 'serviceimport/web', '{.spec.ports[*].name}')).toBe('http more')
    }
  }, 60_000)

  test('a port that one exporter alone has goes to that one', async () => {
    const more = URL.replace('8080', '9090')
    expect(await curlEventually(clusters, 'north', more)).toBe('west')
    const answers = new Set<string>()
    for (let n = 0; n < 6; n++) answers.add(await curl(clusters, 'north', more))
    expect([...answers]).toEqual(['west'])
  }, 60_000)

  test('the exporter that is left serves, without a conflict, and the import goes with the last', async () => {
    await clusters.kubectl('east', ['delete', 'serviceexport', 'web', '-n', 'demo'])
    await eventually(async () => (await conflict('west')) === 'False')
    await eventually(async () => (await curl(clusters, 'north', URL)) === 'west')
    await clusters.kubectl('west', ['delete', 'serviceexport', 'web', '-n', 'demo'])
    for (const cluster of NAMES) {
      const left = async () =>
        (await clusters.kubectl(cluster, ['get', 'svcim,svc,endpointslices', '-n', 'demo', '-o', 'name']))
          .stdout
      await eventually(async () => !/derived-|serviceimport/.test(await left()))
    }
  }, 60_000)
})
