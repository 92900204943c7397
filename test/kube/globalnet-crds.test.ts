/** The resources of global addresses on a real API server: what is taken, what is refused and why, and what a table shows. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { describeWithRealApi, installCrds, type RealApi, startRealApi } from '../support/real-api.ts'
import { run } from '../support/run.ts'

const TIMEOUT = 180_000
const NETWORK = 'GlobalNetwork'
const EGRESS = 'GlobalEgressIP'
const INGRESS = 'GlobalIngressIP'

function object(kind: string, name: string, spec: object) {
  return {
    apiVersion: 'fairlead.dev/v1alpha1',
    kind,
    metadata: kind === NETWORK ? { name } : { name, namespace: 'default' },
    spec,
  }
}

const service = { kind: 'Service', service: 'web' }
const endpoint = { kind: 'Endpoint', service: 'web', endpoint: 'web-0' }
const requirement = (operator: string, values?: string[]) => ({
  podSelector: { matchExpressions: [{ key: 'app.kubernetes.io/name', operator, ...(values && { values }) }] },
})

const TAKEN: [string, object][] = [
  [NETWORK, {}],
  [NETWORK, { range: '10.64.0.0/10', blockSize: 256, block: '10.65.0.0/24', egressAddresses: 0 }],
  [NETWORK, { range: 'fd00:242::/48', egressAddresses: 64 }],
  [EGRESS, {}],
  [EGRESS, { count: 64, podSelector: { matchLabels: { app: 'web' } } }],
  [EGRESS, requirement('In', ['a', 'b'])],
  [EGRESS, requirement('Exists')],
  [INGRESS, { target: service }],
  [INGRESS, { target: endpoint }],
]

const REFUSED: [string, string, object][] = [
  ['spec.range', NETWORK, { range: 'all' }],
  ['spec.blockSize: Unsupported value: 1000', NETWORK, { blockSize: 1_000 }],
  ['spec.blockSize', NETWORK, { blockSize: 2 }],
  ['spec.egressAddresses', NETWORK, { egressAddresses: 65 }],
  ['unknown field "spec.size"', NETWORK, { size: 3 }],
  ['spec.count', EGRESS, { count: 0 }],
  ['spec.count', EGRESS, { count: 65 }],
  ['In and NotIn need values, Exists and DoesNotExist take none', EGRESS, requirement('In')],
  ['In and NotIn need values, Exists and DoesNotExist take none', EGRESS, requirement('NotIn', [])],
  ['In and NotIn need values, Exists and DoesNotExist take none', EGRESS, requirement('Exists', ['a'])],
  ['operator: Unsupported value: "Like"', EGRESS, requirement('Like', ['a'])],
  ['spec.target', INGRESS, {}],
  [
    'an Endpoint is named by endpoint, a Service is not',
    INGRESS,
    { target: { ...service, endpoint: 'web-0' } },
  ],
  [
    'an Endpoint is named by endpoint, a Service is not',
    INGRESS,
    { target: { kind: 'Endpoint', service: 'web' } },
  ],
  ['spec.target.service', INGRESS, { target: { ...service, service: 'Web' } }],
]

describeWithRealApi('resources of global addresses on a real API server', ['kubectl'], () => {
  let api: RealApi
  const kubectl = (args: string[], input?: object, codes = [0]) =>
    run(['kubectl', '--kubeconfig', api.kubeconfig, ...args], {
      codes,
      ...(input && { input: JSON.stringify(input) }),
    })
  const apply = (input: object, codes?: number[]) =>
    kubectl(['apply', '--validate=strict', '-f', '-'], input, codes)

  beforeAll(async () => {
    api = await startRealApi()
    await installCrds(api)
  }, TIMEOUT)
  afterAll(() => api?.stop(), TIMEOUT)

  test.each(TAKEN)('%s %j is taken', async (kind, spec) => {
    const { stdout } = await apply(object(kind, 'cluster', spec))
    expect(stdout).toMatch(/created|configured|unchanged/)
    await kubectl(['delete', kind, 'cluster'])
  })

  test.each(REFUSED)('%s: %s %j is refused', async (why, kind, spec) => {
    const { stderr } = await apply(object(kind, 'cluster', spec), [1])
    expect(stderr).toContain(why)
  })

  test('a second GlobalNetwork is refused, whatever it is called', async () => {
    const { stderr } = await apply(object(NETWORK, 'other', {}), [1])
    expect(stderr).toContain('there is one GlobalNetwork, named cluster')
  })

  test('an address does not move to another target', async () => {
    await apply(object(INGRESS, 'web', { target: service }))
    const { stderr } = await apply(object(INGRESS, 'web', { target: endpoint }), [1])
    expect(stderr).toContain('an address does not move to another target')
  })

  test('tables show the block and the addresses', async () => {
    await apply(object(NETWORK, 'cluster', {}))
    await apply(object(EGRESS, 'wide', {}))
    const status = {
      block: '242.7.0.0/16',
      claimedAt: '2026-06-01T12:00:00.123Z',
      egressIPs: ['242.7.0.1'],
      capacity: { total: 65_534, allocated: 12 },
      conditions: ['Allocated', 'Conflict', 'Overlap'].map((type) => ({
        type,
        status: 'True',
        reason: 'Allocated',
        message: '',
        lastTransitionTime: '2026-06-01T12:00:00Z',
        observedGeneration: 1,
      })),
    }
    const patch = (kind: string, name: string, fields: object) =>
      kubectl([
        'patch',
        kind,
        name,
        '--subresource=status',
        '--type=merge',
        '-p',
        JSON.stringify({ status: fields }),
      ])
    await patch('gnet', 'cluster', status)
    await patch('geip', 'wide', { allocatedIPs: ['242.7.0.3', '242.7.0.4'] })
    const networks = await kubectl(['get', 'gnet'])
    expect(networks.stdout).toMatch(
      /NAME\s+BLOCK\s+ALLOCATED\s+CONFLICT\s+USED\s+AGE\s+cluster\s+242\.7\.0\.0\/16\s+True\s+True\s+12\s/,
    )
    const pools = await kubectl(['get', 'geip', 'wide'])
    expect(pools.stdout).toContain('["242.7.0.3","242.7.0.4"]')
    const { stdout } = await kubectl(['get', 'gnet', 'cluster', '-o', 'jsonpath={.status.claimedAt}'])
    expect(stdout).toBe(status.claimedAt)
  })
})
