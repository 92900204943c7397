/** Clusters of two nodes each: an export whose client, routers and backend are all on nodes apart. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { SYSTEM_NAMESPACE } from '../../src/api/names.ts'
import { type Clusters, peerConfig, rolledOut, upLab } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { describeInLab } from '../support/missing.ts'
import { applyAll, peerDeployment, peerService, serviceExport } from '../support/peer-objects.ts'

const UP = 180_000
const PATIENT = { within: 60_000 }
const HOST = 'kubernetes.io/hostname'
const url = 'http://resume.demo.svc.clusterset.local:7200/'

describeInLab([], 'clusters of two nodes', () => {
  let clusters: Clusters
  const kubectl = async (cluster: string, ...args: string[]) => (await clusters.kubectl(cluster, args)).stdout

  /** Has a Deployment's pods run on one node. */
  async function pin(cluster: string, namespace: string, deployment: string, node: string): Promise<void> {
    const patch = { spec: { template: { spec: { nodeSelector: { [HOST]: node } } } } }
    await kubectl(cluster, 'patch', `deployment/${deployment}`, '-n', namespace, '-p', JSON.stringify(patch))
    await rolledOut(clusters, cluster, deployment, namespace)
  }

  /** Nodes of the pods with this label. */
  const nodesOf = async (cluster: string, namespace: string, label: string) =>
    (
      await kubectl(
        ...([cluster, 'get', 'pods', '-n', namespace, '-l', label] as const),
        ...['-o', 'jsonpath={.items[*].spec.nodeName}'],
      )
    ).split(' ')
  const router = 'app.kubernetes.io/name=fairlead-router'
  const curl = async (node: string) =>
    (
      await clusters.execOn('west', node, [
        ...['curl', '--silent', '--show-error', '--fail', '--max-time', '5', '--connect-timeout', '1', url],
      ])
    ).stdout

  beforeAll(async () => {
    clusters = await upLab(['east', 'west'], '--nodes', '2')
    for (const cluster of ['east', 'west']) await kubectl(cluster, 'create', 'namespace', 'demo')
    await peerConfig(clusters, 'east', 'resume-peer.mjs', 'pattern.mjs')
    await applyAll(
      clusters,
      'east',
      peerDeployment({ name: 'resume', script: 'resume-peer.mjs', port: 7200 }),
      peerService('resume', 'resume', [{ port: 7200 }]),
      serviceExport('resume'),
    )
    await pin('east', 'demo', 'resume', 'east-node-2')
    await pin('east', SYSTEM_NAMESPACE, 'fairlead-router', 'east-node')
    await pin('west', SYSTEM_NAMESPACE, 'fairlead-router', 'west-node-2')
  }, UP)
  afterAll(() => clusters?.down(), 60_000)

  test('the link names every node of the cluster it leads to', async () => {
    const hosts = await kubectl(
      ...(['west', 'get', 'links.fairlead.dev', 'east', '-n', SYSTEM_NAMESPACE] as const),
      ...['-o', 'jsonpath={.spec.endpoints[*].host}'],
    )
    expect(hosts.split(' ').slice(0, 2)).toEqual(['172.31.0.10', '172.31.1.10'])
  })

  test('a client reaches a backend with the client, both routers and the backend on nodes apart', async () => {
    await eventually(
      async () =>
        expect([
          await nodesOf('west', SYSTEM_NAMESPACE, router),
          await nodesOf('east', SYSTEM_NAMESPACE, router),
          await nodesOf('east', 'demo', 'app=resume'),
        ]).toEqual([['west-node-2'], ['east-node'], ['east-node-2']]),
      PATIENT,
    )
    await eventually(() => curl('west-node'), PATIENT)
    expect(await curl('west-node-2')).toBe(await curl('west-node'))
  }, 120_000)

  test('drained, the node of a router and that of a backend hand on to the others', async () => {
    await kubectl('east', 'patch', 'deployment/resume', '-n', 'demo', '--type=json', '-p', UNPIN)
    await kubectl(
      'east',
      'patch',
      'deployment/fairlead-router',
      '-n',
      SYSTEM_NAMESPACE,
      '--type=json',
      '-p',
      UNPIN,
    )
    await rolledOut(clusters, 'east', 'resume')
    await rolledOut(clusters, 'east', 'fairlead-router', SYSTEM_NAMESPACE)
    for (const node of ['east-node', 'east-node-2']) {
      await kubectl('east', 'drain', node, '--ignore-daemonsets', '--delete-emptydir-data', '--timeout=60s')
      await rolledOut(clusters, 'east', 'resume')
      await rolledOut(clusters, 'east', 'fairlead-router', SYSTEM_NAMESPACE)
      await eventually(() => curl('west-node'), PATIENT)
      const left = [
        ...(await nodesOf('east', SYSTEM_NAMESPACE, router)),
        ...(await nodesOf('east', 'demo', 'app=resume')),
      ]
      expect(left).not.toContain(node)
      await kubectl('east', 'uncordon', node)
    }
  }, 240_000)
})

const UNPIN = JSON.stringify([{ op: 'remove', path: '/spec/template/spec/nodeSelector' }])
