/** examples/service-policy as users apply them, and the page that explains them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { Resource } from '../../../src/api/resources.ts'
import type { ServicePolicy } from '../../../src/api/service-policy.ts'
import { readServicePolicy } from '../../../src/exporter/service-policy-reader.ts'
import { type KubeApi, startKubeApi } from '../../support/kube-api.ts'
import { describeWith } from '../../support/missing.ts'
import { run } from '../../support/run.ts'
import { ROOT } from '../../support/source-tree.ts'

const FOLDER = join(ROOT, 'examples/service-policy')
const EXAMPLES = readdirSync(FOLDER)
const PAGE = readFileSync(join(ROOT, 'docs/service-policy.md'), 'utf8')

const crd = parse(readFileSync(join(ROOT, 'manifests/base/crds/servicepolicies.yaml'), 'utf8'))
const { properties } = crd.spec.versions[0].schema.openAPIV3Schema.properties.spec

test('the page names every example and every field', () => {
  const fields = [
    ...Object.keys(properties),
    ...Object.keys(properties.allow.items.properties).map((name) => `allow.${name}`),
    ...Object.keys(properties.limits.properties).map((name) => `limits.${name}`),
  ]
  expect(fields.filter((name) => !PAGE.includes(`| \`${name}\` |`))).toEqual([])
  expect(EXAMPLES.filter((name) => !PAGE.includes(`(../examples/service-policy/${name})`))).toEqual([])
})

describeWith(['kubectl'], 'kubectl apply --validate=strict', () => {
  let api: KubeApi
  const kubectl = (...args: string[]) =>
    run(['kubectl', '--kubeconfig', api.kubeconfig, ...args], { codes: [0, 1] })

  beforeAll(async () => {
    api = await startKubeApi()
    await kubectl('apply', '-f', join(ROOT, 'manifests/base/crds'))
    await kubectl('wait', '--for=condition=Established', 'crd/servicepolicies.fairlead.dev')
    await kubectl('create', 'namespace', 'demo')
  })
  afterAll(() => api?.stop())

  test('takes every example, and each policy can be used', async () => {
    const { stdout, stderr } = await kubectl('apply', '--validate=strict', '-f', FOLDER)
    expect(stderr).toBe('')
    const { items } = await api.client.list<ServicePolicy>(Resource.servicePolicy, { namespace: 'demo' })
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split(' ').at(-1)),
    ).toEqual(items.map(() => 'created'))
    expect(items.map((policy) => readServicePolicy(policy).invalid)).toEqual(items.map(() => undefined))
  })

  test('shows conditions and what was refused in a table', async () => {
    const { stdout } = await kubectl('get', 'spol', '-n', 'demo', 'db')
    expect(stdout).toMatch(/^NAME\s+ACCEPTED\s+DENIED\s+AGE\ndb\s/)
  })

  const targets = [{ name: 'web' }]

  test.each([
    ['spec.targets', {}],
    ['unknown field "spec.deny"', { targets, deny: [] }],
    ['spec.allow[0].clusters[0]', { targets, allow: [{ clusters: ['West'] }] }],
    ['spec.allow[0].clusters', { targets, allow: [{ clusters: [] }] }],
    ['spec.allow[0].namespaces[0]', { targets, allow: [{ namespaces: ['*'] }] }],
    ['spec.allow[0].serviceAccounts[0]', { targets, allow: [{ serviceAccounts: ['a/b/c'] }] }],
    ['spec.limits.connections', { targets, limits: { connections: 0 } }],
    ['spec.limits.bytesPerSecond', { targets, limits: { bytesPerSecond: 100 } }],
  ])('refuses a policy for its %s', async (what, spec) => {
    const object = {
      apiVersion: 'fairlead.dev/v1alpha1',
      kind: 'ServicePolicy',
      metadata: { name: 'wrong', namespace: 'demo' },
      spec,
    }
    const command = ['kubectl', '--kubeconfig', api.kubeconfig, 'apply', '--validate=strict', '-f', '-']
    const { code, stderr } = await run(command, { input: JSON.stringify(object), codes: [0, 1] })
    expect([code, stderr]).toEqual([1, expect.stringContaining(what)])
  })
})
