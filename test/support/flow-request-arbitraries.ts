/** Arbitrary flow requests and positions, as the router may make them. */
import fc from 'fast-check'
import type {
  FlowClient,
  FlowPosition,
  FlowRequest,
  FlowVoucher,
  RelayedWay,
  Resumable,
} from '../../src/amqp/flow-transport.ts'
import {
  MAX_HOPS,
  MAX_RESUME_GRACE_MS,
  MAX_ROUTER_NAME_LENGTH,
  MAX_VOUCHER_CERTIFICATES,
} from '../../src/amqp/limits.ts'

const port = fc.integer({ min: 1, max: 65_535 })
const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)
const subdomain = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.'))
const address = fc.oneof(fc.ipV4(), fc.ipV6())

/** Any position. */
export const position: fc.Arbitrary<FlowPosition> = fc.record({
  received: fc.maxSafeNat(),
  ended: fc.boolean(),
})

const resumable = fc.record(
  {
    token: fc.stringMatching(/^[0-9a-f]{32}$/),
    graceMs: fc.integer({ min: 0, max: MAX_RESUME_GRACE_MS }),
    at: position,
  },
  { requiredKeys: ['token', 'graceMs'] },
) as fc.Arbitrary<Resumable>

const router = fc.stringMatching(/^[0-9a-f]{32}$/)

const base64 = (maxLength: number) =>
  fc.uint8Array({ minLength: 1, maxLength }).map((bytes) => Buffer.from(bytes).toString('base64'))

/** Any voucher of the right form. */
export const voucher: fc.Arbitrary<FlowVoucher> = fc.record({
  time: fc.maxSafeNat(),
  number: fc.maxSafeNat(),
  chain: fc.array(base64(600), { minLength: 1, maxLength: MAX_VOUCHER_CERTIFICATES }),
  value: base64(64),
})

/** Any way over relays. */
export const relayedWay = fc.record(
  {
    path: fc.array(router, { minLength: 1, maxLength: MAX_HOPS }),
    travelled: fc.array(router, { maxLength: MAX_HOPS }),
    cluster: label,
    origin: fc.record({
      cluster: label,
      router,
      name: fc.stringMatching(/^[\x21-\x7e]{1,80}$/).map((name) => name.slice(0, MAX_ROUTER_NAME_LENGTH)),
    }),
    voucher,
  },
  { requiredKeys: ['path', 'travelled', 'cluster', 'origin'] },
) as fc.Arbitrary<RelayedWay>

const client = fc.record(
  {
    address,
    port,
    namespace: label,
    pod: subdomain,
    serviceAccount: subdomain,
    globalAddress: fc.ipV4(),
  },
  { requiredKeys: ['address', 'port'] },
) as fc.Arbitrary<FlowClient>

/** Any request. */
export const flowRequest = fc.record(
  {
    service: fc.tuple(label, label).map(([namespace, name]) => `${namespace}/${name}`),
    protocol: fc.constantFrom('TCP', 'UDP'),
    port,
    endpoint: label,
    client,
    destination: fc.record({ address, port }),
    resumable,
    relay: relayedWay,
  },
  { requiredKeys: ['service', 'protocol', 'port', 'client'] },
) as fc.Arbitrary<FlowRequest>
