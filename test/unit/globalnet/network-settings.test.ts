/** What a GlobalNetwork says, and that its definition says the same. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  GLOBAL_DEFAULTS,
  GLOBAL_NETWORK,
  type GlobalNetwork,
  MAX_EGRESS_ADDRESSES,
} from '../../../src/api/globalnet.ts'
import type { KubeObject } from '../../../src/api/objects.ts'
import { Resource } from '../../../src/api/resources.ts'
import { manifestObjects } from '../../../src/cli/install/installation.ts'
import { containsBlock } from '../../../src/core/cidr.ts'
import {
  BLOCK_MAX_ADDRESSES,
  BLOCK_MIN_ADDRESSES,
  RECORDED_QUIET_BLOCKS_MAX,
  RECORDED_RESTING_MAX,
} from '../../../src/globalnet/limits.ts'
import { readNetwork, recordedClaim } from '../../../src/globalnet/network-settings.ts'
import { cidr, claimOf } from '../../support/claims.ts'

const network = (spec: object, status: object = {}) =>
  ({ metadata: { name: GLOBAL_NETWORK }, spec, status }) as GlobalNetwork

test('a range of IPv6 is refused: nothing carries it', () => {
  expect(readNetwork(network({ range: 'fd00:242::/48' }))).toEqual({
    kind: 'invalid',
    message: 'spec.range is IPv6, and global addresses are IPv4 only',
  })
})

describe('the settings', () => {
  test('are the defaults where nothing is said', () => {
    const defaults = { range: cidr('242.0.0.0/8'), prefix: 16, egressAddresses: 8 }
    expect(readNetwork(network({}))).toEqual({ kind: 'valid', settings: defaults })
    expect(readNetwork({ metadata: {} })).toEqual({ kind: 'valid', settings: defaults })
  })

  test.each([
    [
      { range: '10.64.0.0/10', blockSize: 256, egressAddresses: 0 },
      { range: '10.64.0.0/10', prefix: 24 },
    ],
    [{ block: '242.7.0.0/20' }, { range: '242.0.0.0/8', prefix: 20, wanted: '242.7.0.0/20' }],
    [
      { block: '242.7.0.0/16', blockSize: 65_536 },
      { prefix: 16, wanted: '242.7.0.0/16' },
    ],
    [
      { range: '242.7.0.0/16', blockSize: 65_536 },
      { range: '242.7.0.0/16', prefix: 16 },
    ],
  ])(
    'are those of %j',
    (spec, { range, wanted, ...rest }: { range?: string; wanted?: string; prefix: number }) => {
      const { range: _, block: __, blockSize: ___, ...given } = spec as Record<string, unknown>
      expect(readNetwork(network(spec))).toMatchObject({
        kind: 'valid',
        settings: {
          ...rest,
          ...given,
          ...(range && { range: cidr(range) }),
          ...(wanted && { wanted: cidr(wanted) }),
        },
      })
    },
  )

  test.each([
    ['spec.range is no block such as 242.0.0.0/8', { range: '242.0.0.1/8' }],
    ['spec.block is no block of from 4 to 8388608 addresses in 242.0.0.0/8', { block: '243.7.0.0/16' }],
    ['spec.block is no block of', { block: '242.7.0.1/16' }],
    ['spec.block is no block of', { block: '242.0.0.0/8' }],
    ['spec.block is no block of', { block: 'fd00::/112' }],
    ['spec.blockSize is no power of two of from 4 to', { blockSize: 1_000 }],
    ['spec.blockSize is no power of two of', { blockSize: 2 }],
    ['spec.blockSize is no power of two of', { blockSize: 0.5 }],
    ['spec.blockSize is no power of two of', { blockSize: '256' }],
    ['spec.block has 65536 addresses, and spec.blockSize is 256', { block: '242.7.0.0/16', blockSize: 256 }],
    ['spec.blockSize is more than 242.7.0.0/24 has', { range: '242.7.0.0/24' }],
    ['spec.egressAddresses is no whole number from 0 to 64', { egressAddresses: 65 }],
    ['spec.egressAddresses is no whole number from 0 to 64', { egressAddresses: 1.5 }],
  ])('%s', (message, spec) => {
    expect(readNetwork(network(spec))).toEqual({ kind: 'invalid', message: expect.stringContaining(message) })
  })

  test('that are valid always leave room for a block', () => {
    const text = fc.constantFrom(
      '242.0.0.0/8',
      '10.0.0.0/24',
      'fd00::/16',
      '242.7.0.0/16',
      'x',
      '0.0.0.0/0',
      '::/0',
    )
    const spec = fc.record(
      { range: text, block: text, blockSize: fc.constantFrom(1, 4, 256, 65_536, 2 ** 23, 2 ** 24, -4) },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(spec, (fields) => {
        const read = readNetwork(network(fields))
        if (read.kind === 'invalid') return
        const { range, prefix, wanted } = read.settings
        expect(containsBlock(range, wanted ?? { ...range, prefix })).toBe(true)
      }),
    )
  })
})

describe('the recorded claim', () => {
  test('is read to the millisecond', () => {
    const status = { block: '242.7.0.0/16', claimedAt: '2026-06-01T12:00:00.123Z' }
    const claim = claimOf('east', '242.7.0.0/16', Date.parse(status.claimedAt))
    expect(recordedClaim(network({}, status), 'east')).toEqual(claim)
  })

  test.each([
    {},
    { block: '242.7.0.0/16' },
    { block: '242.7.0.0/16', claimedAt: 'yesterday' },
    { block: '242.7.0.0', claimedAt: '2026-06-01T12:00:00Z' },
    { block: '242.7.0.0/16', claimedAt: '1960-01-01T00:00:00Z' },
  ])('is none in %j', (status) => {
    expect(recordedClaim(network({}, status), 'east')).toBeUndefined()
  })
})

interface Field {
  readonly description?: string
  readonly enum?: readonly number[]
  readonly maximum?: number
  readonly maxItems?: number
  readonly properties?: Readonly<Record<string, Field>>
}
interface Crd extends KubeObject {
  readonly spec: {
    readonly scope: string
    readonly group: string
    readonly names: { readonly plural: string; readonly kind: string }
    readonly versions: readonly {
      readonly name: string
      readonly subresources: object
      readonly schema: { readonly openAPIV3Schema: Field }
    }[]
  }
}

async function definition(plural: string): Promise<Crd> {
  const objects = await manifestObjects('base')
  const found = objects.find(({ metadata }) => metadata.name === `${plural}.fairlead.dev`)
  if (found === undefined) throw new Error(`no ${plural}`)
  return found as Crd
}

describe('the definitions', () => {
  test.each([Resource.globalNetwork, Resource.globalEgressIP, Resource.globalIngressIP])(
    'of $kind are served where the code looks for them, with a status of their own',
    async ({ plural, kind, version, group, namespaced }) => {
      const { spec } = await definition(plural)
      expect(spec).toMatchObject({
        group,
        scope: namespaced ? 'Namespaced' : 'Cluster',
        names: { plural, kind },
        versions: [{ name: version, subresources: { status: {} } }],
      })
    },
  )

  test('state the bounds and defaults of the code', async () => {
    const { spec } = await definition('globalnetworks')
    const { properties = {} } = spec.versions[0]?.schema.openAPIV3Schema.properties?.['spec'] ?? {}
    const sizes = properties['blockSize']?.enum ?? []
    expect([sizes[0], sizes.at(-1)]).toEqual([BLOCK_MIN_ADDRESSES, BLOCK_MAX_ADDRESSES])
    expect(sizes.every((size, index) => size === BLOCK_MIN_ADDRESSES * 2 ** index)).toBe(true)
    expect(properties['egressAddresses']?.maximum).toBe(MAX_EGRESS_ADDRESSES)
    for (const [name, value] of Object.entries(GLOBAL_DEFAULTS)) {
      expect(properties[name]?.description).toContain(`Default ${value}`)
    }
    const status = spec.versions[0]?.schema.openAPIV3Schema.properties?.['status']?.properties
    expect(status?.['resting']?.maxItems).toBe(RECORDED_RESTING_MAX)
    expect(status?.['restingBlocks']?.maxItems).toBe(RECORDED_QUIET_BLOCKS_MAX)
    const egress = (await definition('globalegressips')).spec.versions[0]?.schema.openAPIV3Schema.properties
    expect(egress?.['spec']?.properties?.['count']?.maximum).toBe(MAX_EGRESS_ADDRESSES)
    expect(egress?.['status']?.properties?.['allocatedIPs']?.maxItems).toBe(MAX_EGRESS_ADDRESSES)
  })
})
