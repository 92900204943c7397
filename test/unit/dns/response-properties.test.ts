import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Rcode, RecordType } from '../../../src/dns/dns-records.ts'
import { serviceImport, slice, snapshotOf, tableSnapshot, ZONE } from '../../support/dns-fixture.ts'
import { testResponder } from '../../support/dns-responder.ts'
import { decode, query } from '../../support/dns-wire.ts'

const label = fc.oneof(
  fc.constantFrom(
    'svc1',
    'hdls1',
    'SVC6',
    'testns',
    'svc',
    'east',
    '_tcp',
    '_http',
    'dns-version',
    'ns',
    'dns',
  ),
  fc.stringMatching(/^[-_a-zA-Z0-9]{1,63}$/),
)
const names = fc
  .tuple(
    fc.array(label, { maxLength: 6 }),
    fc.constantFrom(ZONE, `svc.${ZONE}`, `testns.svc.${ZONE}`, 'example.com'),
  )
  .map(([path, zone]) => [...path, zone].join('.'))
  .filter((name) => name.length <= 253)
const types = fc.oneof(fc.constantFrom(...Object.values(RecordType)), fc.integer({ min: 0, max: 65_535 }))
const edns = fc.option(
  fc.record({
    size: fc.integer({ min: 0, max: 65_535 }),
    version: fc.constantFrom(0, 0, 0, 1),
    dnssecOk: fc.boolean(),
  }),
  { nil: undefined },
)
const transports = fc.constantFrom('udp' as const, 'tcp' as const)

test('a well-formed query is answered with its own id, name and type, within the size it allows', () => {
  const responder = testResponder(tableSnapshot, Math.random)
  fc.assert(
    fc.property(
      names,
      types,
      edns,
      transports,
      fc.integer({ min: 0, max: 65_535 }),
      (name, type, opt, transport, id) => {
        const response = decode(
          responder.handle(query(name, { id, type, ...(opt && { edns: opt }) }), transport),
        )
        const limit = Math.min(1232, Math.max(512, opt?.size ?? 512))
        expect(response).toMatchObject({ id, question: name, type })
        expect(response.opt === undefined).toBe(opt === undefined)
        expect(response.length).toBeLessThanOrEqual(transport === 'udp' ? limit : 65_535)
        if (opt?.version === 1) expect(response.rcode).toBe(Rcode.badVers)
        else if (name.endsWith('example.com')) expect(response.rcode).toBe(Rcode.refused)
        if (response.rcode === Rcode.nxDomain) expect(response.answers).toEqual([])
      },
    ),
    { numRuns: 500 },
  )
})

test('every address of a service comes out, whatever their number and names, when the transport can carry them', () => {
  const octet = fc.integer({ min: 1, max: 250 })
  const address = fc.tuple(octet, octet).map(([a, b]) => `10.7.${a}.${b}`)
  fc.assert(
    fc.property(fc.uniqueArray(address, { minLength: 1, maxLength: 200 }), (addresses) => {
      const snapshot = snapshotOf(
        [serviceImport('web', { type: 'Headless', ports: [] })],
        [slice('web', 'IPv4', addresses)],
      )
      const response = decode(
        testResponder(snapshot, Math.random).handle(query(`web.testns.svc.${ZONE}`), 'tcp'),
      )
      expect(response.answers.map((record) => record.address).sort()).toEqual([...addresses].sort())
    }),
    { numRuns: 50 },
  )
})
