/** Commands about a member of one namespace, for somebody who is allowed nothing but that namespace. */
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { eventually } from '../../support/eventually.ts'
import { fairlead as runHere } from '../../support/run-cli.ts'
import { forbidden, type StubAnswer, type StubApi, startStubApi } from '../../support/stub-api.ts'

const ok = (value: unknown): StubAnswer => ({ status: 200, value })
const list = (...items: unknown[]) => ok({ metadata: {}, items })
const condition = (type: string) => ({ type, status: 'True', reason: 'Because', message: '' })

const OURS = '/apis/fairlead.dev/v1alpha1/namespaces/team'
const MCS = '/apis/multicluster.x-k8s.io/v1beta1/namespaces/team'
const link = {
  metadata: { name: 'east', namespace: 'team' },
  spec: { endpoints: [{ host: 'h', port: 5671 }] },
  status: { remoteCluster: 'east', conditions: [condition('Ready'), condition('Established')] },
}
const trust = {
  metadata: { name: 'clusterset', namespace: 'team', resourceVersion: '7' },
  status: {
    ...{ role: 'member', cluster: 'west-team', clusterset: 'shop', leaves: [] },
    conditions: [condition('Ready'), condition('CertificatesValid')],
  },
}
const router = { metadata: { name: 'fairlead-router' }, spec: { replicas: 2 }, status: { readyReplicas: 2 } }
const metadata = { namespace: 'team', name: 'web' }

let api: StubApi
beforeEach(async () => {
  api = await startStubApi({
    '/api': forbidden('list resource "anything"', 'elsewhere'),
    '/apis/apps/v1/namespaces/team/deployments': list(router),
    [`${OURS}/links`]: list(link),
    [`${OURS}/links/east`]: ok(link),
    [`${OURS}/servicepolicies`]: list(),
    [`${OURS}/trusts/clusterset`]: ok(trust),
    [`${MCS}/serviceexports`]: list({ metadata }),
    [`${MCS}/serviceimports`]: list({ metadata, status: { clusters: [{ cluster: 'east' }] } }),
  })
})
afterEach(() => api.stop())

const fairlead = (...args: string[]) => runHere(...args, '--kubeconfig', api.kubeconfig)
const ofTeam = (...args: string[]) => fairlead(...args, '--system-namespace', 'team')
const changes = () =>
  api.requests.filter(({ method }) => method !== 'GET').map(({ method, url }) => `${method} ${url}`)

test('status tells of its namespace', async () => {
  const { stdout } = await ofTeam('status', '-o', 'json')
  expect(JSON.parse(stdout)).toMatchObject({
    ...{ namespace: 'team', clusterId: 'west-team', clusterset: 'shop', healthy: true },
    links: [{ name: 'east', ready: 'True' }],
    exports: [{ name: 'web' }],
    imports: [{ name: 'web' }],
  })
  expect((await ofTeam('status')).stdout).toMatch(
    /NAMESPACE +CLUSTER +CLUSTERSET\nc +team +west-team +shop\n/,
  )
})

test('before a controller has looked, who may not read Secrets is not told the id', async () => {
  api.answers[`${OURS}/trusts/clusterset`] = ok({ metadata: {} })
  expect(JSON.parse((await ofTeam('status', '-o', 'json')).stdout)).not.toHaveProperty('clusterId')
})

test.each([
  ['check', ['check'], []],
  ['certs status', ['certs', 'status'], []],
  ['certs rotate', ['certs', 'rotate', '--no-wait'], [`PATCH ${OURS}/trusts/clusterset`]],
  ['link list', ['link', 'list'], []],
  ['link show', ['link', 'show', 'east'], []],
  ['link delete', ['link', 'delete', 'east'], [`DELETE ${OURS}/links/east`]],
  [
    'link',
    ['link', 'east', '--endpoint', 'h:1', '--wait'],
    [expect.stringContaining(`PATCH ${OURS}/links/east?`)],
  ],
])('%s asks for nothing outside of the namespace', async (_, args, changed) => {
  const { code, stderr } = await ofTeam(...args)
  expect([code, stderr]).toEqual([0, expect.not.stringContaining('right')])
  expect(api.requests.filter(({ url }) => !url.includes('/namespaces/team/'))).toEqual([])
  expect(changes()).toEqual(changed)
})

test('leaving waits for the imports of the namespace alone', async () => {
  api.answers[`${MCS}/serviceimports`] = list()
  const left = { ...condition('Ready'), status: 'False', reason: 'Left' }
  api.answers[`${OURS}/trusts/clusterset`] = ok({ ...trust, status: { ...trust.status, conditions: [left] } })
  expect((await ofTeam('leave', '--yes')).stderr).toContain('left shop')
  expect(changes()).toEqual([`PATCH ${OURS}/trusts/clusterset`])
})

test('the founder in one namespace revokes, and counts what was shared with that namespace', async () => {
  const status = { ...trust.status, role: 'founder', cluster: 'team', statement: 0 }
  const founder = { ...trust, spec: { found: true }, status }
  api.answers[`${OURS}/trusts/clusterset`] = ok(founder)
  const revoked = ofTeam('revoke', 'east', '--yes', '--timeout', '60')
  await eventually(() => expect(changes()).toHaveLength(1))
  api.answers[`${OURS}/trusts/clusterset`] = ok({ ...founder, status: { ...status, statement: 1 } })
  api.answers[`${OURS}/links`] = list()
  api.answers[`${MCS}/serviceimports`] = list()
  const { code, stderr } = await revoked
  expect([code, stderr]).toEqual([0, expect.stringContaining('ended 1 link and its part of 1 import')])
  expect(api.requests.filter(({ url }) => !url.includes('/namespaces/team/'))).toEqual([])
})

test('a member of one namespace dials another one by the Service in its namespace', async () => {
  const ingress = [{ ip: '203.0.113.9' }]
  const service = { metadata: {}, spec: { type: 'LoadBalancer' }, status: { loadBalancer: { ingress } } }
  const other = '/namespaces/other'
  api.answers[`/api/v1${other}/services/fairlead-router`] = ok(service)
  api.answers[`/apis/fairlead.dev/v1alpha1${other}/trusts/clusterset`] = ok({
    status: { cluster: 'east-other' },
  })
  api.answers[`${OURS}/links/east-other`] = ok({ ...link, metadata: { name: 'east-other' } })
  const { code, stderr } = await ofTeam('link', '--to-context', 'c', '--to-system-namespace', 'other')
  expect([code, stderr]).toEqual([0, 'link east-other to h:5671\n'])
  expect(changes()).toEqual([expect.stringContaining(`PATCH ${OURS}/links/east-other?`)])
})

test('nodes, which not everybody may list, are named when an address takes them', async () => {
  api.answers['/api/v1/namespaces/other/services/fairlead-router'] = ok({ spec: { type: 'NodePort' } })
  const to = ['--to-context', 'c', '--to-system-namespace', 'other']
  const { code, stderr } = await ofTeam('link', 'east', ...to)
  expect([code, stderr]).toEqual([1, expect.stringMatching(/no right to list the nodes .*--endpoint/)])
})

test.each([
  ['status', ['status'], '--system-namespace NAME'],
  ['link', ['link', '--to-context', 'c', '--system-namespace', 'team'], '--to-system-namespace NAME'],
])(
  'without rights in the whole cluster %s says in one line which option there is',
  async (_, args, option) => {
    const { code, stdout, stderr } = await fairlead(...args)
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^fairlead: a right is missing in context c: .*User "ada" cannot list.*\n$/)
    expect(stderr).toContain(`for a member of one namespace give ${option}`)
  },
)

test('without rights in the namespace there is no other option to name', async () => {
  const { code, stderr } = await fairlead('certs', 'status', '--system-namespace', 'elsewhere')
  expect(code).toBe(1)
  expect(stderr).toMatch(/^fairlead: a right is missing in context c \(.*User "ada" cannot .*\)\n$/)
})
