/** examples/traffic-policy as users apply them, and the page that explains them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { Resource } from '../../../src/api/resources.ts'
import type { TrafficPolicy } from '../../../src/api/traffic-policy.ts'
import { readTrafficPolicy } from '../../../src/exporter/traffic-policy-reader.ts'
import { type KubeApi, startKubeApi } from '../../support/kube-api.ts'
import { describeWith } from '../../support/missing.ts'
import { run } from '../../support/run.ts'
import { ROOT } from '../../support/source-tree.ts'

const FOLDER = join(ROOT, 'examples/traffic-policy')
const EXAMPLES = readdirSync(FOLDER)
const PAGE = readFileSync(join(ROOT, 'docs/traffic-policy.md'), 'utf8')

const crd = parse(readFileSync(join(ROOT, 'manifests/base/crds/trafficpolicies.yaml'), 'utf8'))
const { properties } = crd.spec.versions[0].schema.openAPIV3Schema.properties.spec

test('the page names every example and every field', () => {
  const fields = [
    ...Object.keys(properties),
    ...Object.keys(properties.ejection.properties).map((name) => `ejection.${name}`),
  ]
  expect(fields.filter((name) => !PAGE.includes(`| \`${name}\` |`))).toEqual([])
  expect(EXAMPLES.filter((name) => !PAGE.includes(`(../examples/traffic-policy/${name})`))).toEqual([])
})

describeWith(['kubectl'], 'kubectl apply --validate=strict', () => {
  let api: KubeApi
  const kubectl = (...args: string[]) =>
    run(['kubectl', '--kubeconfig', api.kubeconfig, ...args], { codes: [0, 1] })

  beforeAll(async () => {
    api = await startKubeApi()
    await kubectl('apply', '-f', join(ROOT, 'manifests/base/crds'))
    const names = ['serviceexports.multicluster.x-k8s.io', 'trafficpolicies.fairlead.dev']
    await kubectl('wait', '--for=condition=Established', ...names.map((name) => `crd/${name}`))
    await kubectl('create', 'namespace', 'demo')
  })
  afterAll(() => api?.stop())

  test('takes every example, and each policy can be used', async () => {
    const { stdout, stderr } = await kubectl('apply', '--validate=strict', '-f', FOLDER)
    expect(stderr).toBe('')
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split(' ').at(-1)),
    ).toEqual(EXAMPLES.map(() => 'created'))
    const { items } = await api.client.list<TrafficPolicy>(Resource.trafficPolicy, { namespace: 'demo' })
    expect(items.map((policy) => readTrafficPolicy(policy).targets.length)).toEqual(items.map(() => 1))
  })

  test('shows locality and conditions in a table', async () => {
    const { stdout } = await kubectl('get', 'tpol', '-n', 'demo', 'db')
    expect(stdout).toMatch(/^NAME\s+LOCALITY\s+ACCEPTED\s+CONFLICTED\s+AGE\ndb\s+Failover\s/)
  })

  test.each([
    ['spec.targets', {}],
    ['unknown field "spec.timeout"', { targets: [{ name: 'web' }], timeout: '3s' }],
    ['spec.locality', { targets: [{ name: 'web' }], locality: 'Near' }],
    ['spec.weights.east', { targets: [{ name: 'web' }], weights: { east: 1001 } }],
    ['spec.weights.east', { targets: [{ name: 'web' }], weights: { east: -1 } }],
    ['spec.connectTimeout', { targets: [{ name: 'web' }], connectTimeout: '-3s' }],
    ['spec.connectTimeout', { targets: [{ name: 'web' }], connectTimeout: '3 seconds' }],
    ['spec.failover', { targets: [{ name: 'web' }], failover: [] }],
    ['matchLabels', { targets: [{ selector: {} }] }],
  ])('refuses a policy for its %s', async (what, spec) => {
    const object = {
      apiVersion: 'fairlead.dev/v1alpha1',
      kind: 'TrafficPolicy',
      metadata: { name: 'wrong', namespace: 'demo' },
      spec,
    }
    const command = ['kubectl', '--kubeconfig', api.kubeconfig, 'apply', '--validate=strict', '-f', '-']
    const { code, stderr } = await run(command, { input: JSON.stringify(object), codes: [0, 1] })
    expect([code, stderr]).toEqual([1, expect.stringContaining(what)])
  })
})
