/** ServicePolicies on a real API server, whose CEL rules the embedded one does not know: what is taken and what is refused. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { describeWithRealApi, installCrds, type RealApi, startRealApi } from '../support/real-api.ts'
import { run } from '../support/run.ts'

const TIMEOUT = 180_000

const targets = [{ name: 'web' }]

const policy = (spec: object) => ({
  apiVersion: 'fairlead.dev/v1alpha1',
  kind: 'ServicePolicy',
  metadata: { name: 'web', namespace: 'default' },
  spec,
})

const TAKEN: [object][] = [
  [{ targets }],
  [{ targets, allow: [] }],
  [{ targets: [{ selector: { matchLabels: {} } }], allow: [{ clusters: ['*'] }] }],
  [
    {
      targets,
      allow: [{ clusters: ['west'], namespaces: ['shop'], serviceAccounts: ['web', 'ops/probe.v2'] }],
    },
  ],
  [{ targets, allow: [{ serviceAccounts: ['shop/web'] }] }],
  [
    {
      targets,
      limits: { connections: 1, connectionsPerSecond: 1_000_000, bytesPerSecond: 1_000_000_000_000 },
    },
  ],
]

const ALONE = 'give service accounts with their namespace, or the list namespaces'
const NOTHING = 'give clusters, namespaces or serviceAccounts'

const REFUSED: [string, object][] = [
  ['give either name or selector', { targets: [{}] }],
  ['give either name or selector', { targets: [{ name: 'web', selector: { matchLabels: {} } }] }],
  [NOTHING, { targets, allow: [{}] }],
  [NOTHING, { targets, allow: [{ clusters: ['west'] }, {}] }],
  [ALONE, { targets, allow: [{ serviceAccounts: ['web'] }] }],
  [ALONE, { targets, allow: [{ clusters: ['west'], serviceAccounts: ['shop/web', 'web'] }] }],
  ['Duplicate value: "west"', { targets, allow: [{ clusters: ['west', 'west'] }] }],
  ['spec.allow[0].clusters', { targets, allow: [{ clusters: [] }] }],
  ['spec.allow[0].namespaces[0]', { targets, allow: [{ namespaces: ['*'] }] }],
  ['spec.limits.bytesPerSecond', { targets, limits: { bytesPerSecond: 1 } }],
  ['unknown field "spec.deny"', { targets, deny: [] }],
]

describeWithRealApi('ServicePolicies on a real API server', ['kubectl'], () => {
  let api: RealApi
  const apply = (input: object, codes = [0]) =>
    run(['kubectl', '--kubeconfig', api.kubeconfig, 'apply', '--validate=strict', '-f', '-'], {
      codes,
      input: JSON.stringify(input),
    })

  beforeAll(async () => {
    api = await startRealApi()
    await installCrds(api)
  }, TIMEOUT)
  afterAll(() => api?.stop(), TIMEOUT)

  test.each(TAKEN)('%j is taken', async (spec) => {
    const { stdout } = await apply(policy(spec))
    expect(stdout).toMatch(/created|configured|unchanged/)
  })

  test.each(REFUSED)('%s: %j is refused', async (why, spec) => {
    const { stderr } = await apply(policy(spec), [1])
    expect(stderr).toContain(why)
  })
})
