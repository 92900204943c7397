/**
 * Clients and servers that behave badly, at random: bytes stay faithful, and afterwards the routers hold nothing of it.
 * FAIRLEAD_CHURN_SEED repeats a run.
 */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { apply, type Clusters, peerConfig, rolledOut, upLab } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { describeInLab } from '../support/missing.ts'
import { routerMetrics } from '../support/process-metrics.ts'
import { ROOT } from '../support/source-tree.ts'

const HOST = 'churn.demo.svc.clusterset.local'
const WORKERS = '48'
const peer = join(ROOT, 'test/support/churn-peer.mjs')

/** An end that went during the cut is known to the other side when its grace is over. Milliseconds. */
const GRACE = 30_000

/** Connections to the Kubernetes API come and go beside the flows; each run opens thousands of those. */
const OTHER_FILES = 8

const MANIFEST = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: churn, namespace: demo}
spec:
  selector: {matchLabels: {app: churn}}
  template:
    metadata: {labels: {app: churn}}
    spec:
      containers:
        - name: churn
          image: node:24-slim
          command: [node, /peer/churn-peer.mjs, serve]
          env: [{name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]
          readinessProbe: {tcpSocket: {port: 7100}, periodSeconds: 1}
          volumeMounts: [{name: peer, mountPath: /peer}]
      volumes: [{name: peer, configMap: {name: peer}}]
---
apiVersion: v1
kind: Service
metadata: {name: churn, namespace: demo}
spec:
  selector: {app: churn}
  ports: [{name: churn, port: 7100}]
---
apiVersion: multicluster.x-k8s.io/v1beta1
kind: ServiceExport
metadata: {name: churn, namespace: demo}
`

interface Outcome {
  readonly done: Readonly<Record<string, number>>
  readonly failed: Readonly<Record<string, number>>
  readonly unfaithful: readonly string[]
}

interface Usage {
  readonly flows: number
  readonly opened: number
  readonly files: number
  /** Flows that wait for their link. */
  readonly suspended: number
}

describeInLab([], 'churn', () => {
  const seed = Number(process.env['FAIRLEAD_CHURN_SEED'] ?? Date.now() % 1_000_000)
  let clusters: Clusters
  beforeAll(async () => {
    clusters = await upLab()
    await clusters.kubectl('east', ['create', 'namespace', 'demo'])
    await peerConfig(clusters, 'east', 'churn-peer.mjs')
    await apply(clusters, 'east', MANIFEST)
    await clusters.kubectl('west', ['create', 'namespace', 'demo'])
    await rolledOut(clusters, 'east', 'churn')
    await eventually(async () => expect((await churn(0, 100, '2')).failed).toEqual({}))
  }, 180_000)
  afterAll(() => clusters?.down(), 60_000)

  async function churn(run: number, milliseconds: number, workers = WORKERS): Promise<Outcome> {
    const args = [HOST, seed + run, milliseconds, workers].map(String)
    const result = await clusters.exec('west', ['node', peer, 'run', ...args], { timeout: 120_000 })
    return JSON.parse(result.stdout) as Outcome
  }

  /** What the router of a cluster holds now, by its own metrics. */
  async function usage(cluster: string): Promise<Usage> {
    const { value } = await routerMetrics(clusters, cluster)
    const both = (name: string) =>
      value(`fairlead_router_ingress_${name}`) + value(`fairlead_router_egress_${name}`)
    return {
      flows: both('flows'),
      opened: both('flows_opened_total'),
      files: value('process_open_fds'),
      suspended: value('fairlead_router_flows_suspended'),
    }
  }

  const usages = () => Promise.all(['east', 'west'].map(usage))

  /** Flows are gone once both routers have noticed the last client's end: at once, or after a grace that began with a cut. */
  async function expectNothingHeld(base: readonly Usage[], within = 10_000): Promise<void> {
    const gone = async () => {
      const now = await usages()
      expect({ seed, flows: now.map(({ flows }) => flows) }).toEqual({ seed, flows: [0, 0] })
      for (const [i, { files }] of now.entries()) {
        expect(files).toBeLessThanOrEqual((base[i]?.files ?? 0) + OTHER_FILES)
      }
    }
    await eventually(gone, { within })
  }

  test('nothing fails, every transfer is exact, and flows and files are all given back', async () => {
    const base = await usages()
    const { failed, unfaithful, done } = await churn(1, 12_000)
    expect({ seed, failed, unfaithful }).toEqual({ seed, failed: {}, unfaithful: [] })
    expect(Object.keys(done)).toHaveLength(11)
    await expectNothingHeld(base)
    for (const { opened } of await usages()) expect(opened).toBeGreaterThan(500)
  }, 90_000)

  test('a killed router ends flows early and a cut link holds them up, but never with wrong or missing bytes, a hang or a leak', async () => {
    const base = await usages()
    const churning = churn(2, 15_000)
    const killed = (await usages()).map(({ opened }) => opened)
    await clusters.kill('east', 'router')
    await eventually(async () => {
      const [east, west] = await usages()
      expect(east?.opened).toBeGreaterThan(100)
      expect(west?.opened).toBeGreaterThan(killed[1] ?? 0)
    })
    await clusters.cut('east', 'west')
    // Both routers notice by themselves, and keep what was open.
    await eventually(async () => {
      for (const { suspended } of await usages()) expect(suspended).toBeGreaterThan(0)
    })
    await clusters.heal('east', 'west')
    const { unfaithful, failed } = await churning
    expect({ seed, unfaithful }).toEqual({ seed, unfaithful: [] })
    expect(Object.keys(failed).filter((what) => !/: (ECONNRESET|ECONNREFUSED|EPIPE)$/.test(what))).toEqual([])
    await expectNothingHeld(base, GRACE + 10_000)
    expect((await churn(3, 1000)).failed).toEqual({})
  }, 150_000)
})
