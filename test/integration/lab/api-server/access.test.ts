import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createAuthority, issueCertificate } from '../../../../src/pki/certificates.ts'
import { type Credentials, type RawApi, startRawApi } from '../../../support/raw-api.ts'

const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const NOBODY: Credentials = {}

describe('access to the API', () => {
  let api: RawApi
  let folder: string
  let alice: Credentials

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fairlead-access-'))
    api = await startRawApi({ auditFile: join(folder, 'audit.jsonl') })
    alice = await api.user('alice', 'dev')
  })

  afterAll(async () => {
    await api.stop()
    await rm(folder, { recursive: true })
  })

  const grant = async (name: string, rules: object[], subjects: object[]) => {
    await api.call('POST', `${RBAC}/namespaces/default/roles`, { body: { metadata: { name }, rules } })
    const body = { metadata: { name }, roleRef: { kind: 'Role', name }, subjects }
    const { status } = await api.call('POST', `${RBAC}/namespaces/default/rolebindings`, { body })
    expect(status).toBe(201)
  }

  const tokenOf = async (name: string, spec: object = {}): Promise<Credentials> => {
    await api.call('POST', '/api/v1/namespaces/default/serviceaccounts', { body: { metadata: { name } } })
    const { body } = await api.call('POST', `/api/v1/namespaces/default/serviceaccounts/${name}/token`, {
      body: { spec },
    })
    return { token: body.status.token }
  }

  test('is refused to strangers, except for health and version', async () => {
    const { status, body } = await api.call('GET', '/api/v1/namespaces', { as: NOBODY })
    expect([status, body.reason, body.message]).toEqual([401, 'Unauthorized', 'Unauthorized'])
    for (const path of ['/healthz', '/livez', '/readyz', '/version']) {
      expect((await api.call('GET', path, { as: NOBODY })).status).toBe(200)
    }
  })

  test('is refused to a certificate of another authority', async () => {
    const other = await createAuthority({ commonName: 'other', days: 1 })
    const request = {
      commonName: 'admin',
      organization: 'system:masters',
      usages: ['client'] as const,
      days: 1,
    }
    const forged = await issueCertificate(other, request)
    const as = { cert: forged.certPem, key: forged.keyPem }
    expect((await api.call('GET', '/api/v1/namespaces', { as })).status).toBe(401)
  })

  test('is refused with a token that is not ours', async () => {
    const as = { token: 'eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0.' }
    expect((await api.call('GET', '/api/v1/namespaces', { as })).status).toBe(401)
  })

  test('that is not granted is forbidden in the words of Kubernetes', async () => {
    const { status, body } = await api.call('GET', '/api/v1/namespaces/default/secrets/x', { as: alice })
    expect(status).toBe(403)
    expect(body).toMatchObject({
      reason: 'Forbidden',
      message:
        'secrets "x" is forbidden: User "alice" cannot get resource "secrets" in API group "" in the namespace "default"',
      details: { name: 'x', kind: 'secrets' },
    })
    const list = await api.call('GET', '/apis/apps/v1/deployments', { as: alice })
    expect(list.body.message).toBe(
      'deployments.apps is forbidden: User "alice" cannot list resource "deployments" in API group "apps" at the cluster scope',
    )
    const path = await api.call('GET', '/metrics', { as: alice })
    expect(path.body.message).toBe('forbidden: User "alice" cannot get path "/metrics"')
  })

  test('follows group, resource names and subresources of the rules', async () => {
    const group = { kind: 'Group', name: 'dev', apiGroup: 'rbac.authorization.k8s.io' }
    await grant(
      'narrow',
      [
        { apiGroups: [''], resources: ['configmaps'], resourceNames: ['mine'], verbs: ['get', 'update'] },
        { apiGroups: ['apps'], resources: ['deployments/scale'], verbs: ['get'] },
      ],
      [group],
    )
    const status = async (path: string) => (await api.call('GET', path, { as: alice })).status
    expect(await status('/api/v1/namespaces/default/configmaps/mine')).toBe(404)
    expect(await status('/api/v1/namespaces/default/configmaps/other')).toBe(403)
    expect(await status('/api/v1/namespaces/default/configmaps')).toBe(403)
    expect(await status('/api/v1/namespaces/default/configmaps?fieldSelector=metadata.name=mine')).toBe(403)
    expect(await status('/api/v1/namespaces/kube-system/configmaps/mine')).toBe(403)
    expect(await status('/apis/apps/v1/namespaces/default/deployments/x/scale')).toBe(404)
    expect(await status('/apis/apps/v1/namespaces/default/deployments/x')).toBe(403)
  })

  test('with a token is that of its service account, until the account is deleted', async () => {
    const as = await tokenOf('robot')
    const account = { kind: 'ServiceAccount', name: 'robot', namespace: 'default' }
    await grant('robot', [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }], [account])
    expect((await api.call('GET', '/api/v1/namespaces/default/pods', { as })).status).toBe(200)
    const review = await api.call('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      body: {},
      as,
    })
    expect(review.body.status.userInfo).toMatchObject({
      username: 'system:serviceaccount:default:robot',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
    })
    await api.call('DELETE', '/api/v1/namespaces/default/serviceaccounts/robot')
    expect((await api.call('GET', '/api/v1/namespaces/default/pods', { as })).status).toBe(401)
  })

  test('is refused to a token for another audience, which a review still knows', async () => {
    const as = await tokenOf('courier', { audiences: ['mail'] })
    expect((await api.call('GET', '/api', { as })).status).toBe(401)
    const review = (audiences: string[]) =>
      api.call('POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
        body: { spec: { token: as.token, audiences } },
      })
    expect((await review(['mail'])).body.status).toMatchObject({ authenticated: true, audiences: ['mail'] })
    expect((await review(['other'])).body.status.authenticated).toBe(false)
  })

  test('is told by access reviews', async () => {
    const ask = async (resourceAttributes: object) => {
      const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
      const { body } = await api.call('POST', path, { body: { spec: { resourceAttributes } }, as: alice })
      return body.status.allowed as boolean
    }
    const asked = { verb: 'get', resource: 'configmaps', name: 'mine', namespace: 'default' }
    expect(await ask(asked)).toBe(true)
    expect(await ask({ ...asked, namespace: 'kube-system' })).toBe(false)
    const rules = await api.call('POST', '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', {
      body: { spec: { namespace: 'default' } },
      as: alice,
    })
    expect(rules.body.status.resourceRules).toContainEqual({
      verbs: ['get', 'update'],
      apiGroups: [''],
      resources: ['configmaps'],
      resourceNames: ['mine'],
    })
  })

  test('cannot be granted by somebody who lacks it', async () => {
    await grant(
      'role-maker',
      [
        {
          apiGroups: ['rbac.authorization.k8s.io'],
          resources: ['roles', 'rolebindings'],
          verbs: ['create', 'patch'],
        },
      ],
      [{ kind: 'User', name: 'alice' }],
    )
    const make = (name: string, rule: object) =>
      api.call('POST', `${RBAC}/namespaces/default/roles`, {
        body: { metadata: { name }, rules: [rule] },
        as: alice,
      })
    const secrets = await make('secrets', { apiGroups: [''], resources: ['secrets'], verbs: ['get'] })
    expect(secrets.status).toBe(403)
    expect(secrets.body.message).toContain('is attempting to grant RBAC permissions not currently held')
    const held = await make('held', {
      apiGroups: [''],
      resources: ['configmaps'],
      resourceNames: ['mine'],
      verbs: ['get'],
    })
    expect(held.status).toBe(201)
    const bind = await api.call('POST', `${RBAC}/namespaces/default/rolebindings`, {
      body: {
        metadata: { name: 'up' },
        roleRef: { kind: 'ClusterRole', name: 'cluster-admin' },
        subjects: [],
      },
      as: alice,
    })
    expect(bind.status).toBe(403)
  })

  test('to patch does not let an apply create', async () => {
    const account = [{ kind: 'User', name: 'alice' }]
    const apply = () =>
      api.call('PATCH', '/api/v1/namespaces/default/configmaps/applied?fieldManager=test', {
        body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied' } },
        type: 'application/apply-patch+yaml',
        as: alice,
      })
    const rule = { apiGroups: [''], resources: ['configmaps'], resourceNames: ['applied'] }
    await grant('patcher', [{ ...rule, verbs: ['patch'] }], account)
    const refused = await apply()
    expect(refused.status).toBe(403)
    expect(refused.body.message).toContain('cannot create resource "configmaps"')
    await grant('creator', [{ ...rule, verbs: ['create'] }], account)
    expect((await apply()).status).toBe(201)
    expect((await apply()).status).toBe(200)
  })

  test('leaves a line in the audit log', async () => {
    await api.call('GET', '/api/v1/namespaces/default/secrets/audited', { as: alice })
    const lines = (await readFile(join(folder, 'audit.jsonl'), 'utf8')).trim().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({
        user: expect.objectContaining({ username: 'alice' }),
        verb: 'get',
        objectRef: { apiVersion: 'v1', resource: 'secrets', name: 'audited', namespace: 'default' },
        responseStatus: { code: 403 },
      }),
    )
  })
})
