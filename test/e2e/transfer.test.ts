/** Bytes are faithful: large transfers, many connections, slow readers, half-close, reset (done-when 3). */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import {
  apply,
  type Clusters,
  curlEventually,
  peerConfig,
  rolledOut,
  upClusters,
} from '../support/clusters.ts'
import { describeInLab } from '../support/missing.ts'
import { ROOT } from '../support/source-tree.ts'

const HOST = 'bytes.demo.svc.clusterset.local'
const GIB = 1024 ** 3
const peer = join(ROOT, 'test/support/bytes-peer.mjs')

const MANIFEST = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: bytes, namespace: demo}
spec:
  selector: {matchLabels: {app: bytes}}
  template:
    metadata: {labels: {app: bytes}}
    spec:
      containers:
        - name: bytes
          image: node:24-slim
          command: [node, /peer/bytes-peer.mjs, serve]
          env: [{name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]
          readinessProbe: {tcpSocket: {port: 7000}, periodSeconds: 1}
          volumeMounts: [{name: peer, mountPath: /peer}]
      volumes: [{name: peer, configMap: {name: peer}}]
---
apiVersion: v1
kind: Service
metadata: {name: bytes, namespace: demo}
spec:
  selector: {app: bytes}
  ports:
    - {name: http, port: 7000}
    - {name: send, port: 7001}
    - {name: receive, port: 7002}
    - {name: half, port: 7003}
    - {name: reset, port: 7004}
    - {name: expect-reset, port: 7005}
---
apiVersion: multicluster.x-k8s.io/v1beta1
kind: ServiceExport
metadata: {name: bytes, namespace: demo}
`

describeInLab([], 'bytes through the mesh', () => {
  let clusters: Clusters
  beforeAll(async () => {
    clusters = await upClusters()
    await clusters.kubectl('east', ['create', 'namespace', 'demo'])
    await peerConfig(clusters, 'east', 'bytes-peer.mjs', 'pattern.mjs')
    await apply(clusters, 'east', MANIFEST)
    await clusters.kubectl('west', ['create', 'namespace', 'demo'])
    await rolledOut(clusters, 'east', 'bytes')
    await curlEventually(clusters, 'west', `http://${HOST}:7000/`)
  }, 180_000)
  afterAll(() => clusters?.down(), 60_000)

  const client = async (...args: string[]) =>
    JSON.parse((await clusters.exec('west', ['node', peer, ...args], { timeout: 120_000 })).stdout) as Record<
      string,
      unknown
    >

  test('1 GiB from east arrives in west with the same SHA-256', async () => {
    const result = await client('download', HOST, '7001', String(GIB))
    expect(result['bytes']).toBe(GIB)
    expect(result['sha256']).toBe(result['expected'])
  }, 120_000)

  test('1 GiB from west arrives in east with the same SHA-256', async () => {
    const result = await client('upload', HOST, '7002', String(GIB))
    expect(result['bytes']).toBe(GIB)
    expect(result['sha256']).toBe(result['expected'])
  }, 120_000)

  test('200 curls at once are all answered', async () => {
    const script = `seq 200 | xargs -P 200 -I{} curl -sS --fail --max-time 20 -o /dev/null -w '%{http_code}\\n' http://${HOST}:7000/{}`
    const result = await clusters.exec('west', ['sh', '-c', script])
    expect(result.stdout.trim().split('\n')).toEqual(Array.from({ length: 200 }, () => '200'))
  }, 60_000)

  test('a reader that stops reading does not stop the others', async () => {
    const result = await client('beside-stalled-readers', HOST, '7001', '8')
    expect(result['finished']).toBe(true)
    expect(result['stalledResumed']).toBe(true)
  }, 60_000)

  test('a request, a FIN, and only then the answer', async () => {
    const result = await clusters.exec('west', ['nc', '-N', HOST, '7003'], { input: 'all of it' })
    expect(result.stdout).toBe('got 9 bytes before the end')
  })

  test('a reset by the server is a reset at the client', async () => {
    expect(await client('expect-reset', HOST, '7004')).toEqual({ ended: 'ECONNRESET' })
  })

  test('a reset by the client is a reset at the server', async () => {
    expect(await client('send-reset', HOST, '7005')).toEqual({ serverSaw: 'ECONNRESET' })
  })
})
