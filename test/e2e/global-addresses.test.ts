/** Global addresses with everything that belongs to them: a pod of one cluster connects to an address of the other, and is seen under its own. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { apply, type Clusters, curl, rolledOut, upLab } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { describeInLab } from '../support/missing.ts'

/** Says whom it sees. */
const MIRROR = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: mirror, namespace: demo}
spec:
  selector: {matchLabels: {app: mirror}}
  template:
    metadata: {labels: {app: mirror}}
    spec:
      containers:
      - name: mirror
        image: node
        command: [node, -e, "require('http').createServer((q, a) => a.end(q.socket.remoteAddress)).listen(8080, '0.0.0.0')"]
        readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: mirror, namespace: demo}
spec:
  selector: {app: mirror}
  ports: [{name: http, port: 80, targetPort: 8080}]
---
apiVersion: multicluster.x-k8s.io/v1beta1
kind: ServiceExport
metadata: {name: mirror, namespace: demo}
`

describeInLab([], 'global addresses', () => {
  let clusters: Clusters
  let address: string
  beforeAll(async () => {
    clusters = await upLab(['east', 'west'], '--globalnet')
    await clusters.kubectl('west', ['create', 'namespace', 'demo'])
    await clusters.kubectl('east', ['create', 'namespace', 'demo'])
    await apply(clusters, 'east', MIRROR)
    await rolledOut(clusters, 'east', 'mirror')
    address = await eventually(addressOfImport, { within: 60_000 })
  }, 300_000)
  afterAll(() => clusters?.down(), 60_000)

  async function addressOfImport(): Promise<string> {
    const path = 'jsonpath={.items[*].metadata.annotations.fairlead\\.dev/global-ip}'
    const selected = ['-n', 'demo', '-l', 'fairlead.dev/derived-from=mirror']
    const { stdout } = await clusters.kubectl('west', ['get', 'services', ...selected, '-o', path])
    if (!/^242\.\d+\.\d+\.\d+$/.test(stdout)) throw new Error(`no address: ${stdout}`)
    return stdout
  }

  test('a pod of west is seen in east under a global address of west', async () => {
    const seen = await eventually(
      async () => {
        const body = await curl(clusters, 'west', `http://${address}/`)
        expect(body).toMatch(/^242\./)
        return body
      },
      { within: 30_000 },
    )
    expect(seen).not.toBe(address)
  })

  test('a port and an address that are nobody’s are refused at once', async () => {
    for (const to of [`${address}:81`, '242.0.0.1']) {
      await expect(curl(clusters, 'west', `http://${to}/`)).rejects.toThrow('exit 7')
    }
  })
})
