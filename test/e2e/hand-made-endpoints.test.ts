/** Services whose endpoints people write themselves, as for hosts outside of Kubernetes, and ports that pods have under one name and different numbers. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { apply, type Clusters, curl, curlEventually, upClusters } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { describeInLab } from '../support/missing.ts'

/** A pod that answers its own name on `port`, which it calls `web`. */
function server(name: string, port: number): string {
  return `
apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: demo, labels: {app: named}}
spec:
  containers:
  - name: web
    image: node
    command: [node, -e, "require('http').createServer((_, answer) => answer.end('${name}')).listen(${port})"]
    ports: [{name: web, containerPort: ${port}}]
    readinessProbe: {tcpSocket: {port: web}, periodSeconds: 1}
---
`
}

const NAMED = `
apiVersion: v1
kind: Service
metadata: {name: named, namespace: demo}
spec:
  selector: {app: named}
  ports: [{name: http, port: 80, targetPort: web}]
---
apiVersion: multicluster.x-k8s.io/v1beta1
kind: ServiceExport
metadata: {name: named, namespace: demo}
`

const OUTSIDE = `
apiVersion: v1
kind: Service
metadata: {name: outside, namespace: demo}
spec:
  ports: [{name: http, port: 80}]
---
apiVersion: multicluster.x-k8s.io/v1beta1
kind: ServiceExport
metadata: {name: outside, namespace: demo}
`

function slice(name: string, address: string, port: number): string {
  return `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: ${name}, namespace: demo, labels: {kubernetes.io/service-name: outside}}
addressType: IPv4
ports: [{name: http, port: ${port}}]
endpoints: [{addresses: [${address}]}]
---
`
}

describeInLab([], 'endpoints by hand', () => {
  let clusters: Clusters
  beforeAll(async () => {
    clusters = await upClusters()
    for (const cluster of ['east', 'west']) await clusters.kubectl(cluster, ['create', 'namespace', 'demo'])
    await apply(clusters, 'east', server('one', 8081) + server('two', 8082))
    await clusters.kubectl('east', [
      'wait',
      'pod',
      'one',
      'two',
      '-n',
      'demo',
      '--for=condition=Ready',
      '--timeout=60s',
    ])
  }, 240_000)
  afterAll(() => clusters?.down(), 60_000)

  const addressOf = async (pod: string) =>
    (await clusters.kubectl('east', ['get', 'pod', pod, '-n', 'demo', '-o', 'jsonpath={.status.podIP}']))
      .stdout
  const url = (name: string) => `http://${name}.demo.svc.clusterset.local/`

  /** Whoever answers, until all of `wanted` have. */
  async function answers(name: string, wanted: readonly string[]): Promise<void> {
    const seen = new Set<string>()
    await eventually(
      async () => {
        seen.add(await curl(clusters, 'west', url(name)))
        expect([...seen].sort()).toEqual(wanted)
      },
      { within: 60_000 },
    )
  }

  test('one port name leads to the number that each pod has for it', async () => {
    await apply(clusters, 'east', NAMED)
    await answers('named', ['one', 'two'])
  }, 90_000)

  test('a Service without a selector is exported with the endpoints that its slices name', async () => {
    await apply(clusters, 'east', `${OUTSIDE}---${slice('first', await addressOf('one'), 8081)}`)
    expect(await curlEventually(clusters, 'west', url('outside'), 30_000)).toBe('one')
    await apply(clusters, 'east', slice('second', await addressOf('two'), 8082))
    await answers('outside', ['one', 'two'])
  }, 90_000)

  test('what is taken out of the slices is no longer reached', async () => {
    await clusters.kubectl('east', ['delete', 'endpointslice', 'first', '-n', 'demo'])
    await eventually(
      async () => {
        for (let n = 0; n < 5; n++) expect(await curl(clusters, 'west', url('outside'))).toBe('two')
      },
      { within: 30_000 },
    )
  }, 60_000)
})
