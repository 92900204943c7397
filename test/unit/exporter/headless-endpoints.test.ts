/** The endpoints of a headless Service, by name, and what its record tells of them. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Endpoint, EndpointSlice, Service } from '../../../src/api/objects.ts'
import { evaluateExport } from '../../../src/exporter/export-record.ts'
import { byNaturalOrder, namedEndpoints } from '../../../src/exporter/headless-endpoints.ts'
import { RECORD_MAX_BYTES, RECORD_MAX_NAMED_ENDPOINTS } from '../../../src/exporter/limits.ts'
import { MessageCodec } from '../../../src/link/message-codec.ts'
import { endpoint, service, serviceExport, slice } from '../../support/exporter-objects.ts'

const PORTS = [
  { name: 'http', port: 80 },
  { name: 'admin', port: 81 },
]
const headless = (spec: Service['spec'] = {}) => service({ clusterIP: 'None', ...spec })

function pod(address: string, hostname?: string, conditions?: Endpoint['conditions']): Endpoint {
  return { ...endpoint(address, conditions), ...(hostname === undefined ? {} : { hostname }) }
}

function evaluate(slices: readonly EndpointSlice[], subject = headless(), exported = serviceExport()) {
  const evaluation = evaluateExport(exported, subject, slices)
  if (evaluation.state !== 'valid') throw new Error(`not valid: ${JSON.stringify(evaluation)}`)
  return evaluation
}

const told = (slices: readonly EndpointSlice[], subject = headless()) =>
  evaluate(slices, subject).record.endpoints

/** `id=address`, in order. */
const named = (...pods: Endpoint[]) =>
  namedEndpoints(headless(), [slice(pods)]).map(({ id, address }) => `${id}=${address}`)

describe('the name of an endpoint', () => {
  test('is its host name, or its address with dashes', () => {
    expect(named(pod('10.0.0.2', 'web-1'), pod('10.0.0.3'))).toEqual(['web-1=10.0.0.2', '10-0-0-3=10.0.0.3'])
  })

  test('stays with the pod of that host name when its address changes', () => {
    expect(named(pod('10.0.0.9', 'web-1'))).toEqual(['web-1=10.0.0.9'])
  })

  test('is the host name for the first of several that share one, and the address for the others', () => {
    expect(named(pod('10.0.0.5', 'db'), pod('10.0.0.4', 'db'))).toEqual(['db=10.0.0.4', '10-0-0-5=10.0.0.5'])
  })

  test('passes from a pod that terminates to its successor, and stays while there is none', () => {
    const leaving = pod('10.0.0.4', 'db', { ready: false, serving: true, terminating: true })
    expect(named(leaving, pod('10.0.0.5', 'db'))).toEqual(['db=10.0.0.5'])
    expect(named(leaving)).toEqual(['db=10.0.0.4'])
  })

  test('is never that of another, whatever that is called', () => {
    expect(named(pod('10.0.0.4'), pod('10.0.0.5', '10-0-0-4'))).toEqual([
      '10-0-0-4=10.0.0.5',
      '10-0-0-4x=10.0.0.4',
    ])
  })

  test('is the address when the host name is no DNS label', () => {
    expect(named(pod('10.0.0.4', 'a.b'), pod('10.0.0.5', 'WEB'))).toEqual([
      '10-0-0-4=10.0.0.4',
      '10-0-0-5=10.0.0.5',
    ])
  })

  test('is a DNS label for addresses that begin or end with colons', () => {
    const six = { ...slice([pod('::1'), pod('fd00::')]), addressType: 'IPv6' as const }
    const found = namedEndpoints(headless({ ipFamilies: ['IPv6'] }), [six])
    expect(found.map(({ id }) => id)).toEqual(['0--1', 'fd00--0'])
  })

  test('web-9 comes before web-10', () => {
    expect(['web-10', 'web-9', 'web-1'].sort(byNaturalOrder)).toEqual(['web-1', 'web-9', 'web-10'])
  })
})

describe('the record of a headless Service', () => {
  test('names its endpoints and whether they take flows', () => {
    const pods = [pod('10.0.0.1', 'web-0'), pod('10.0.0.2', 'web-1', { ready: false })]
    expect(told([slice(pods)])).toEqual([{ id: 'web-0' }, { id: 'web-1', unready: true }])
  })

  test('takes all for ready that the Service publishes', () => {
    const subject = headless({ publishNotReadyAddresses: true })
    expect(told([slice([pod('10.0.0.2', 'web-1', { ready: false })])], subject)).toEqual([{ id: 'web-1' }])
  })

  test('tells the host name of those that share one', () => {
    expect(told([slice([pod('10.0.0.4', 'db'), pod('10.0.0.5', 'db')])])).toEqual([
      { id: 'db' },
      { id: '10-0-0-5', hostname: 'db' },
    ])
  })

  test('tells the ports only of those that do not serve all', () => {
    const both = [
      { name: 'http', protocol: 'TCP' as const, port: 8080 },
      { name: 'admin', protocol: 'TCP' as const, port: 8081 },
    ]
    const slices = [
      slice([pod('10.0.0.1', 'web-0')], both),
      slice([pod('10.0.0.2', 'web-1')], both.slice(1), 'web-2'),
    ]
    expect(told(slices, headless({ ports: PORTS }))).toEqual([{ id: 'web-0' }, { id: 'web-1', ports: [1] }])
  })

  test('is the same when a pod moves from one slice to another, or slices come in another order', () => {
    const one = slice([pod('10.0.0.1', 'web-0', { ready: false })])
    const two = slice([pod('10.0.0.1', 'web-0'), pod('10.0.0.2', 'web-1')], undefined, 'web-2')
    expect(told([one, two])).toEqual(told([two]))
    expect(told([two, one])).toEqual(told([two]))
  })

  test('is the same when an address changes behind a host name', () => {
    expect(told([slice([pod('10.0.0.1', 'web-0')])])).toEqual(told([slice([pod('10.0.0.7', 'web-0')])]))
  })

  test('a Service with an address of its own names none', () => {
    expect(told([slice([pod('10.0.0.1', 'web-0')])], service())).toBeUndefined()
  })

  const many = (count: number, hostname: (index: number) => string) =>
    slice(
      Array.from({ length: count }, (_, index) => pod(`10.1.${index >> 8}.${index & 255}`, hostname(index))),
    )

  test('has room for 300 endpoints of the longest names, beside all metadata that may be exported', () => {
    const longest = (index: number) => `${index}`.padStart(63, 'h')
    const spec = {
      exportedAnnotations: { note: 'x'.repeat(4_000) },
      exportedLabels: { team: 'a'.repeat(63) },
    }
    const found = evaluate([many(300, longest)], headless(), serviceExport({ spec }))
    expect(found.incomplete).toBeUndefined()
    expect(found.record.endpoints).toHaveLength(300)
    expect(new MessageCodec().checkRecord(found.record)).toMatchObject({ ok: true })
  })

  test('names the first endpoints when there are more than it may hold, and is then incomplete', () => {
    const found = evaluate([many(RECORD_MAX_NAMED_ENDPOINTS + 1, (index) => `web-${index}`)])
    expect(found.incomplete).toBe(true)
    expect(found.record.endpoints?.at(-1)).toEqual({ id: `web-${RECORD_MAX_NAMED_ENDPOINTS - 1}` })
  })

  test('names as many endpoints as fit beside what else it holds', () => {
    const spec = { exportedAnnotations: { note: '\u0001'.repeat(4_000) } }
    const longest = (index: number) => `${index}`.padStart(63, 'h')
    const found = evaluate([many(400, longest)], headless(), serviceExport({ spec }))
    const bytes = Buffer.byteLength(JSON.stringify(found.record))
    expect(found.incomplete).toBe(true)
    expect(bytes).toBeLessThanOrEqual(RECORD_MAX_BYTES)
    expect(bytes).toBeGreaterThan(RECORD_MAX_BYTES - 200)
  })
})

describe('whatever the slices hold', () => {
  const hostname = fc.option(fc.oneof(fc.constantFrom('web-0', 'db', '10-0-0-1'), fc.string()), {
    nil: undefined,
  })
  const conditions = fc.record(
    { ready: fc.boolean(), serving: fc.boolean(), terminating: fc.boolean() },
    { requiredKeys: [] },
  ) as fc.Arbitrary<NonNullable<Endpoint['conditions']>>
  const anyPod = fc
    .tuple(fc.integer({ min: 1, max: 9 }), hostname, conditions)
    .map(([last, name, state]) => pod(`10.0.0.${last}`, name, state))
  const anySlice = fc
    .tuple(fc.array(anyPod, { maxLength: 8 }), fc.subarray(PORTS))
    .map(([pods, ports]) => slice(pods, ports))
  const codec = new MessageCodec()

  test('ids are unique, and peers take the record', () => {
    fc.assert(
      fc.property(fc.array(anySlice, { maxLength: 4 }), (slices) => {
        const { record } = evaluate(slices, headless({ ports: PORTS }))
        const ids = (record.endpoints ?? []).map(({ id }) => id)
        expect(new Set(ids).size).toBe(ids.length)
        expect(codec.checkRecord(record)).toMatchObject({ ok: true })
      }),
    )
  })

  test('the order of slices and endpoints plays no part', () => {
    const stated = fc.uniqueArray(fc.tuple(anyPod, fc.nat()), {
      selector: ([each]) => each.addresses[0],
      maxLength: 8,
    })
    fc.assert(
      fc.property(stated, (pods) => {
        const shuffled = pods.toSorted(([, left], [, right]) => left - right)
        const record = (list: typeof pods) => told([slice(list.map(([each]) => each))])
        expect(record(shuffled)).toEqual(record(pods))
      }),
    )
  })
})
