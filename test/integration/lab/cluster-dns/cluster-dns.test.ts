/** The lab's cluster DNS against the embedded API server, with a forwarded zone. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { EndpointSlice, Service } from '../../../../src/api/objects.ts'
import { Resource } from '../../../../src/api/resources.ts'
import { systemClock } from '../../../../src/core/clock.ts'
import { silentLogger } from '../../../../src/core/log.ts'
import { type ClusterDns, createClusterDns } from '../../../../src/lab/cluster-dns/cluster-dns.ts'
import type { ConfigMap } from '../../../../src/lab/cluster-dns/cluster-dns-objects.ts'
import { ApiCluster } from '../../../support/api-cluster.ts'
import { ZONE } from '../../../support/dns-fixture.ts'
import { type RunningServer, startServer, TcpClient } from '../../../support/dns-server.ts'
import { type Decoded, decode, query } from '../../../support/dns-wire.ts'
import { eventually } from '../../../support/eventually.ts'

const COREDNS = { namespace: 'kube-system', name: 'coredns' }
let cluster: ApiCluster
let dns: ClusterDns
let resolver: RunningServer

beforeAll(async () => {
  cluster = await ApiCluster.start()
  await cluster.namespace('demo')
  resolver = await startServer()
  dns = createClusterDns(
    { client: cluster.client, clock: systemClock, log: silentLogger },
    { host: '127.0.0.1', port: 0, clusterAddress: '10.96.0.10' },
  )
  await dns.start()
  await eventually(() => dns.notReady().length === 0)
})
afterAll(async () => {
  await dns.stop()
  await resolver.server.stop()
  await cluster[Symbol.asyncDispose]()
})

async function ask(name: string, options = {}): Promise<Decoded> {
  const client = new TcpClient('127.0.0.1', dns.port)
  client.send(query(name, options))
  const response = decode(await client.next())
  client.socket.destroy()
  return response
}

test('makes the objects that a cluster has: ConfigMap coredns and Service kube-dns', async () => {
  await eventually(async () => {
    const config = await cluster.client.get<ConfigMap>(Resource.configMap, COREDNS)
    expect(config?.data?.['Corefile']).toContain('kubernetes cluster.local in-addr.arpa ip6.arpa')
    const service = await cluster.client.get<Service>(Resource.service, { ...COREDNS, name: 'kube-dns' })
    expect(service?.spec?.clusterIP).toBe('10.96.0.10')
  })
  expect(await ask('kube-dns.kube-system.svc.cluster.local')).toMatchObject({
    answers: [{ address: '10.96.0.10' }],
  })
})

test('a Service resolves as soon as it is there, and no longer than that', async () => {
  const ref = { namespace: 'demo', name: 'web' }
  const ports = [{ name: 'http', port: 80 }]
  const made = await cluster.client.create<Service>(Resource.service, { metadata: ref, spec: { ports } })
  await eventually(async () =>
    expect(await ask('web.demo.svc.cluster.local')).toMatchObject({
      answers: [{ address: made.spec?.clusterIP }],
    }),
  )
  await cluster.client.delete(Resource.service, ref)
  await eventually(async () => expect((await ask('web.demo.svc.cluster.local')).rcode).toBe(3))
})

test('endpoints of a headless Service have names', async () => {
  const ref = { namespace: 'demo', name: 'db' }
  await cluster.client.create<Service>(Resource.service, { metadata: ref, spec: { clusterIP: 'None' } })
  await cluster.client.create<EndpointSlice>(Resource.endpointSlice, {
    metadata: { ...ref, labels: { 'kubernetes.io/service-name': 'db' } },
    addressType: 'IPv4',
    ports: [],
    endpoints: [{ addresses: ['10.244.0.5'], hostname: 'db-0', conditions: { ready: true } }],
  })
  await eventually(async () =>
    expect(await ask('db-0.db.demo.svc.cluster.local')).toMatchObject({
      answers: [{ address: '10.244.0.5' }],
    }),
  )
})

test('a block for another zone is honoured from the moment it is written until it is removed', async () => {
  const name = `svc1.testns.svc.${ZONE}`
  expect((await ask(name)).rcode).toBe(5)
  const config = (await cluster.client.get<ConfigMap>(Resource.configMap, COREDNS)) as ConfigMap
  const before = config.data?.['Corefile'] ?? ''
  const block = `${ZONE}:53 {\n    errors\n    forward . ${resolver.host}:${resolver.port}\n}\n`
  await write(before + block)
  await eventually(async () => expect(await ask(name)).toMatchObject({ answers: [{ address: '10.0.0.1' }] }))
  await write(`${block} }`)
  expect(await ask(name)).toMatchObject({ rcode: 0 })
  await write(before)
  await eventually(async () => expect((await ask(name)).rcode).toBe(5))
})

test('a deleted ConfigMap comes back', async () => {
  await cluster.client.delete(Resource.configMap, COREDNS)
  await eventually(async () => expect(await cluster.client.get(Resource.configMap, COREDNS)).toBeDefined())
})

async function write(corefile: string): Promise<void> {
  await cluster.client.patch(Resource.configMap, COREDNS, 'merge', { data: { Corefile: corefile } })
}
