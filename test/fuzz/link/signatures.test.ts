/**
 * Certificates and signatures as strangers may write them: good ones with bytes changed, and anything at all. Nothing but a
 * refusal comes of them, and nothing that was changed is believed. FAIRLEAD_FUZZ_SECONDS sets how long.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { FlowRequest, RelayedWay } from '../../../src/amqp/flow-transport.ts'
import type { OriginSignature } from '../../../src/api/service-record.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { silentLogger } from '../../../src/core/log.ts'
import { createMetrics } from '../../../src/core/metrics.ts'
import { MessageCodec } from '../../../src/link/message-codec.ts'
import { OriginSignatures } from '../../../src/link/origin-signatures.ts'
import { readCertificates, type TrustAnchors } from '../../../src/pki/chain.ts'
import { createClusterAuthority } from '../../../src/pki/cluster-authority.ts'
import { issueLeaf } from '../../../src/pki/clusterset-root.ts'
import { Signer } from '../../../src/pki/signatures.ts'
import { AdvertisementSignatures } from '../../../src/router/network/advertisement-signatures.ts'
import { Vouchers } from '../../../src/router/relay/vouchers.ts'
import { TestClusterset } from '../../support/clusterset.ts'
import { REQUEST } from '../../support/connection-pair.ts'
import { voucher as anyVoucher } from '../../support/flow-request-arbitraries.ts'
import { FUZZ_TIMEOUT_MS, fuzzFor } from '../../support/fuzz-budget.ts'
import { stateOf } from '../../support/network.ts'
import { messageOf } from '../../support/signed-origins.ts'
import { advertisement } from '../../support/topology-world.ts'

const PROPERTIES = 4
const CLUSTER = { clusterset: 'test-set', cluster: 'west', role: 'router' } as const

let set: TestClusterset
let origins: OriginSignatures
let routers: AdvertisementSignatures
let vouchers: Vouchers

beforeAll(async () => {
  set = await TestClusterset.create()
  const authority = await createClusterAuthority(set.root, { ...CLUSTER, days: 1 })
  const leaf = await issueLeaf(authority, { ...CLUSTER, dnsNames: ['router.west'] })
  const signer = new Signer({ certificate: leaf.certPem + authority.certPem, key: leaf.keyPem })
  const trusted: TrustAnchors = { clusterset: 'test-set', roots: readCertificates(set.root.certPem) }
  const anchors = { current: () => trusted, subscribe: () => () => {} }
  const deps = { clock: systemClock, logger: silentLogger, metrics: createMetrics(), anchors, signer }
  origins = new OriginSignatures(deps)
  routers = new AdvertisementSignatures(deps)
  vouchers = new Vouchers(deps)
})

afterAll(async () => {
  await set[Symbol.asyncDispose]()
})

/** Some bytes of a base64 text changed, taken out or put in. */
const damage = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  removed: fc.nat({ max: 3 }),
  put: fc.uint8Array({ maxLength: 3 }),
})
const damages = fc.array(damage, { minLength: 1, maxLength: 3 })

function damaged(base64: string, all: readonly { at: number; removed: number; put: Uint8Array }[]): string {
  const bytes = [...Buffer.from(base64, 'base64')]
  for (const { at, removed, put } of all) bytes.splice(Math.floor(at * bytes.length), removed, ...put)
  return Buffer.from(bytes).toString('base64')
}

/** Changes one of the texts of a signature. */
function damagedIn<T extends OriginSignature>(good: T, part: number, all: Parameters<typeof damaged>[1]): T {
  const texts = [good.value, ...good.chain].map((text, index) => (index === part ? damaged(text, all) : text))
  const [value = '', ...chain] = texts
  return { ...good, value, chain }
}

/** The certificates count to the last byte; a signature may be written in several ways, and holds. */
function expectVerdict(shown: OriginSignature, good: OriginSignature, refusal: unknown): void {
  const isOther = shown.chain.join() !== good.chain.join()
  if (isOther) expect(refusal).toBeDefined()
  else if (shown.value === good.value) expect(refusal).toBeUndefined()
}

test(
  'damaged certificates and signatures of records',
  () => {
    const good = origins.sign(stateOf('west', 1, 1, ['a']))
    const signature = good.signature as OriginSignature
    fc.assert(
      fc.property(fc.nat({ max: 2 }), damages, (part, all) => {
        const bad = damagedIn(signature, part, all)
        const fault = origins.verify({ ...good, signature: bad })
        expectVerdict(bad, signature, fault)
      }),
      fuzzFor(PROPERTIES),
    )
  },
  FUZZ_TIMEOUT_MS,
)

test(
  'damaged vouchers of flows',
  () => {
    const way: RelayedWay = {
      path: ['1'.repeat(32), '2'.repeat(32)],
      travelled: [],
      cluster: 'east',
      origin: { cluster: 'west', router: 'a'.repeat(32), name: 'west/router' },
    }
    const request: FlowRequest = { ...REQUEST }
    fc.assert(
      fc.property(fc.nat({ max: 2 }), damages, (part, all) => {
        const { voucher, ...relay } = vouchers.vouch(request, way)
        if (voucher === undefined) throw new Error('no voucher')
        const bad = damagedIn(voucher, part, all)
        const refusal = vouchers.verify({
          ...request,
          relay: { ...relay, path: way.path.slice(1), voucher: bad },
        })
        expectVerdict(bad, voucher, refusal)
      }),
      fuzzFor(PROPERTIES),
    )
  },
  FUZZ_TIMEOUT_MS,
)

test(
  'vouchers, proofs and signatures of anything at all',
  () => {
    const way = { path: ['2'.repeat(32)], travelled: [], cluster: 'east' }
    const origin = { cluster: 'west', router: 'a'.repeat(32), name: 'west/router' }
    fc.assert(
      fc.property(anyVoucher, fc.string({ unit: 'binary' }), (voucher, proof) => {
        const { chain, value } = voucher
        expect(vouchers.verify({ ...REQUEST, relay: { ...way, origin, voucher } })).toBeDefined()
        expect(routers.verify(advertisement(1, [2], { proof }))).toBe(false)
        expect(routers.verify(advertisement(1, [2], { proof: [value, ...chain].join(' ') }))).toBe(false)
        expect(origins.verify({ ...stateOf('west', 1, 1, ['a']), signature: { chain, value } })).toBeDefined()
      }),
      fuzzFor(PROPERTIES),
    )
  },
  FUZZ_TIMEOUT_MS,
)

test(
  'signed messages with any JSON in them are refused as violations, or read',
  () => {
    const codec = new MessageCodec()
    const message = messageOf(origins.sign(stateOf('west', 1, 1, ['a'])))
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.nat({ max: 2 }), (value, later, where) => {
        const parts = [
          { ...message, signature: value },
          { ...message, facts: { later: value } },
          { ...message, records: [{ ...message.records[0], later, exportedLabels: value }] },
        ]
        try {
          const read = codec.decode(Buffer.from(JSON.stringify(parts[where])))
          expect(read.type).toBe('directory-origin')
        } catch (error) {
          expect(error).toMatchObject({ code: 'violation' })
        }
      }),
      fuzzFor(PROPERTIES),
    )
  },
  FUZZ_TIMEOUT_MS,
)
