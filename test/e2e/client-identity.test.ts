/** Backends learn who their client is: its address, and the pod and account behind it, by the PROXY protocol. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { apply, type Clusters, peerConfig, rolledOut, upLab } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { describeInLab, describeWith } from '../support/missing.ts'
import {
  applyAll,
  peerDeployment,
  peerPod,
  peerService,
  serviceExport,
  trafficPolicy,
} from '../support/peer-objects.ts'
import { run } from '../support/run.ts'
import { ROOT } from '../support/source-tree.ts'

const PORT = 7500
const host = (service: string) => `${service}.demo.svc.clusterset.local`
const peer = join(ROOT, 'test/support/proxy-peer.mjs')
const ANNOTATION = 'fairlead.dev/proxy-protocol'

/** Services of one server, each told of its clients in another way. */
const TOLD = {
  plain: [serviceExport('plain')],
  'policy-v1': [serviceExport('policy-v1'), trafficPolicy('policy-v1', { proxyProtocol: 'V1' })],
  'policy-v2': [serviceExport('policy-v2'), trafficPolicy('policy-v2', { proxyProtocol: 'V2' })],
  'noted-v2': [serviceExport('noted-v2', { [ANNOTATION]: 'v2' })],
  // The export's own word stands above the policy's.
  'noted-v1': [
    serviceExport('noted-v1', { [ANNOTATION]: 'v1' }),
    trafficPolicy('noted-v1', { proxyProtocol: 'V2' }),
  ],
}
const SERVICES = Object.keys(TOLD)

/** What a server was told, beside what the client knows of itself. */
type Seen = Readonly<Record<string, unknown>>

describeInLab([], 'clients as their backends see them', () => {
  let clusters: Clusters
  /** The address of a pod in west. */
  const addressOf = async (pod: string) => {
    const path = ['get', 'pod', pod, '-n', 'demo', '-o', 'jsonpath={.status.podIP}']
    return (await clusters.kubectl('west', path)).stdout
  }
  const lastLine = async (pod: string) =>
    (await clusters.kubectl('west', ['logs', '-n', 'demo', pod, '--tail=1'])).stdout.trim()
  const seenBy = async (service: string) => {
    // Between two lines there may be half of one.
    const seen = await eventually(async () => JSON.parse(await lastLine('caller')) as Record<string, Seen>)
    return seen[service] ?? {}
  }

  beforeAll(async () => {
    clusters = await upLab()
    for (const cluster of ['east', 'west']) {
      await clusters.kubectl(cluster, ['create', 'namespace', 'demo'])
      await peerConfig(clusters, cluster, 'proxy-peer.mjs')
    }
    await applyAll(
      clusters,
      'east',
      peerDeployment({ name: 'teller', script: 'proxy-peer.mjs', port: PORT }),
      ...SERVICES.map((name) => peerService(name, 'teller', [{ port: PORT }])),
      ...Object.values(TOLD).flat(),
    )
    await rolledOut(clusters, 'east', 'teller')
    const args = ['watch', ...SERVICES]
    await applyAll(
      clusters,
      'west',
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'sailor', namespace: 'demo' } },
      peerPod({ name: 'caller', script: 'proxy-peer.mjs', args, spec: { serviceAccountName: 'sailor' } }),
    )
    await eventually(async () => expect(await lastLine('caller')).not.toContain('failed'), { within: 30_000 })
  }, 180_000)
  afterAll(() => clusters?.down(), 60_000)

  test('a service that was not told of its clients gets nothing but their bytes', async () => {
    expect(await seenBy('plain')).toMatchObject({ version: 0, said: 'plain' })
  })

  test.each(['policy-v2', 'noted-v2'])(
    'PROXY v2 of %s tells address, port, cluster, namespace, pod and service account',
    async (service) => {
      const address = await addressOf('caller')
      await eventually(async () => {
        const { us, named, flow, ...seen } = await seenBy(service)
        expect(seen).toEqual({
          version: 2,
          // PROXY, over TCP and IPv4 (proxy-protocol.txt section 2.2)
          command: 1,
          family: 0x11,
          source: us,
          destination: named,
          cluster: 'west',
          namespace: 'demo',
          pod: 'caller',
          serviceAccount: 'sailor',
          said: service,
        })
        expect(us).toMatch(new RegExp(`^${address}:`))
        expect(flow).toMatch(/./)
      })
    },
    30_000,
  )

  test.each(['policy-v1', 'noted-v1'])('PROXY v1 of %s tells both addresses', async (service) => {
    const { us, named, ...seen } = await seenBy(service)
    expect(seen).toEqual({ version: 1, family: 'TCP4', source: us, destination: named, said: service })
  })

  test('of a client that is no pod of the cluster only its address and cluster are told', async () => {
    const { stdout } = await clusters.exec('west', ['node', peer, 'ask', 'policy-v2'])
    const seen = (JSON.parse(stdout) as Record<string, Seen>)['policy-v2'] ?? {}
    expect(seen).toMatchObject({ version: 2, source: seen['us'], cluster: 'west' })
    for (const unknown of ['namespace', 'pod', 'serviceAccount']) expect(seen).not.toHaveProperty(unknown)
  })

  test('a policy that changes holds for the next connection', async () => {
    await applyAll(clusters, 'east', trafficPolicy('policy-v1', { proxyProtocol: 'V2' }))
    await eventually(async () => expect((await seenBy('policy-v1'))['version']).toBe(2))
    await applyAll(clusters, 'east', trafficPolicy('policy-v1', { proxyProtocol: 'V1' }))
    await eventually(async () => expect((await seenBy('policy-v1'))['version']).toBe(1))
  }, 30_000)

  // PostgreSQL refuses root, so the server needs a second user, which an ordinary user's namespace has not.
  const root = process.getuid?.() === 0 ? [] : ['root']
  describeWith(['nginx', 'haproxy', 'psql', ...root], 'servers from Debian', () => {
    beforeAll(async () => {
      const uid = (await run(['id', '-u', 'postgres'])).stdout.trim()
      const yaml = await readFile(join(ROOT, 'test/e2e/client-identity.yaml'), 'utf8')
      await apply(clusters, 'east', yaml.replaceAll('__POSTGRES_UID__', uid))
      await applyAll(
        clusters,
        'east',
        peerService('nginx', 'nginx', [{ port: 80, targetPort: 8080 }]),
        serviceExport('nginx', { [ANNOTATION]: 'v1' }),
        peerService('postgres', 'postgres', [{ port: 5432 }]),
        serviceExport('postgres', { [ANNOTATION]: 'v2' }),
      )
      await Promise.all(['nginx', 'postgres'].map((name) => rolledOut(clusters, 'east', name)))
    }, 120_000)

    /** Runs a command in a pod of west again and again, and gives the pod's address and what it said last. */
    async function said(pod: string, command: string): Promise<{ address: string; said: string }> {
      const loop = `while :; do ${command} || :; sleep 0.3; done`
      await applyAll(
        clusters,
        'west',
        peerPod({ name: pod, script: '', container: { command: ['sh', '-c', loop] } }),
      )
      return await eventually(
        async () => {
          const line = await lastLine(pod)
          expect(line).toMatch(/^[\d.]+$/)
          return { address: await addressOf(pod), said: line }
        },
        { within: 30_000 },
      )
    }

    test('nginx sees the address of the pod in west', async () => {
      const { address, said: seen } = await said('reader', `curl -sS -m 3 http://${host('nginx')}/`)
      expect(seen).toBe(address)
    }, 60_000)

    test('PostgreSQL behind haproxy sees the address of the pod in west', async () => {
      const psql = `PGCONNECT_TIMEOUT=3 psql -h ${host('postgres')} -U postgres`
      const { address, said: seen } = await said('analyst', `${psql} -Atc 'select host(inet_client_addr())'`)
      expect(seen).toBe(address)
    }, 60_000)
  })
})
