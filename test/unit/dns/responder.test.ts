import { describe, expect, test } from '@jest/globals'
import { Rcode, RecordType } from '../../../src/dns/dns-records.ts'
import { serviceImport, slice, snapshotOf, tableSnapshot, ZONE } from '../../support/dns-fixture.ts'
import { testResponder } from '../../support/dns-responder.ts'
import { decode, optRecord, query, rawQuery, wireName } from '../../support/dns-wire.ts'

const responder = testResponder(tableSnapshot)
const answer = (message: Buffer) => decode(responder.handle(message))
/** A type that no name has (MX). */
const NO_TYPE = 15
const SVC1 = `svc1.testns.svc.${ZONE}`

/** An import with so many endpoints that only TCP can carry them. */
const crowd = snapshotOf(
  [serviceImport('crowd', { type: 'Headless', ports: [] })],
  [
    slice(
      'crowd',
      'IPv4',
      Array.from({ length: 300 }, (_, at) => `10.9.${at >> 8}.${at & 255}`),
    ),
  ],
)
const CROWD = `crowd.testns.svc.${ZONE}`

describe('an answer', () => {
  test('is authoritative, offers no recursion and keeps the id', () => {
    expect(answer(query(SVC1, { id: 4711 }))).toMatchObject({
      id: 4711,
      rcode: Rcode.noError,
      aa: true,
      tc: false,
      ra: false,
      question: SVC1,
      answers: [{ name: SVC1, ttl: 5, address: '10.0.0.1' }],
      opt: undefined,
    })
  })

  test('echoes the case of the question, in the question and in the owner', () => {
    const mixed = 'SvC1.TestNs.svc.ClusterSet.LOCAL'
    expect(answer(query(mixed))).toMatchObject({
      question: mixed,
      answers: [{ name: mixed, address: '10.0.0.1' }],
    })
  })

  test('leaves SRV targets uncompressed, as RFC 2782 asks', () => {
    const response = responder.handle(query(`_http._tcp.${SVC1}`, { type: RecordType.SRV }))
    expect(decode(response)).toMatchObject({
      answers: [{ priority: 0, weight: 100, port: 80, target: SVC1 }],
      additional: [{ name: SVC1, address: '10.0.0.1' }],
    })
    expect(response?.includes(wireName(SVC1), `_http._tcp.${SVC1}`.length + 18)).toBe(true)
  })

  test('has the SOA where there is nothing', () => {
    const soa = { name: ZONE, type: RecordType.SOA, minimum: 5, serial: 7 }
    expect(answer(query(`nosuch.testns.svc.${ZONE}`))).toMatchObject({
      rcode: Rcode.nxDomain,
      answers: [],
      authority: [soa],
    })
    expect(answer(query(SVC1, { type: RecordType.AAAA }))).toMatchObject({
      rcode: Rcode.noError,
      answers: [],
      authority: [soa],
    })
  })

  test('has the SOA with its own name, however long the denied name is and however often it was denied', () => {
    const paths = [
      '',
      'a.',
      'b.',
      'ab.',
      'a.b.',
      'x.testns.svc.',
      'y.testns.svc.',
      `${'z'.repeat(63)}.testns.svc.`,
    ]
    for (const path of [...paths, ...paths]) {
      const { authority } = answer(query(`${path}${ZONE}`, { type: NO_TYPE }))
      expect([path, authority]).toMatchObject([path, [{ name: ZONE, type: RecordType.SOA, serial: 7 }]])
    }
  })

  test('has its records in another order each time', () => {
    const name = `hdls1.testns.svc.${ZONE}`
    const order = (random: () => number) =>
      decode(testResponder(tableSnapshot, random).handle(query(name))).answers.map((record) => record.address)
    expect(order(() => 0.999)).toEqual(['172.0.0.2', '172.0.0.3', '172.0.0.4', '172.0.0.5'])
    expect(order(() => 0)).toEqual(['172.0.0.3', '172.0.0.4', '172.0.0.5', '172.0.0.2'])
  })
})

describe('messages that get no answer', () => {
  test.each([
    ['shorter than a header', Buffer.alloc(11)],
    ['empty', Buffer.alloc(0)],
    ['a response', query(SVC1, { flags: 0x8180 })],
  ])('%s', (_name, message) => {
    expect(responder.handle(message)).toBeUndefined()
  })
})

describe('messages that are refused', () => {
  const counts = (index: number, value: number) => {
    const message = query(SVC1)
    message.writeUInt16BE(value, index)
    return message
  }
  test.each([
    ['another opcode', query(SVC1, { flags: 0x2800 }), Rcode.notImp],
    ['no question', counts(4, 0), Rcode.formErr],
    ['two questions', counts(4, 2), Rcode.formErr],
    ['answers in a query', counts(6, 1), Rcode.formErr],
    ['a hundred additional records', counts(10, 100), Rcode.formErr],
    ['a promised record that is not there', counts(10, 1), Rcode.formErr],
    ['a question that ends early', query(SVC1).subarray(0, 20), Rcode.formErr],
    [
      'a label of 64 octets',
      rawQuery(Buffer.concat([Buffer.from([64]), Buffer.alloc(64, 97), wireName(ZONE)])),
      Rcode.formErr,
    ],
    ['a name of 256 octets', query(`${'a.'.repeat(119)}${ZONE}`), Rcode.formErr],
    ['a compressed question', rawQuery(Buffer.from([0xc0, 0x0c])), Rcode.formErr],
    ['two OPT records', Buffer.concat([withTwoAdditionals(), optRecord(), optRecord()]), Rcode.formErr],
    [
      'an OPT record with a name',
      Buffer.concat([withOneAdditional(), Buffer.from([1, 97]), optRecord()]),
      Rcode.formErr,
    ],
    ['another class', query(SVC1, { class: 3 }), Rcode.refused],
    ['a name of others', query('example.com'), Rcode.refused],
    ['the root', query(''), Rcode.refused],
    ['a zone transfer', query(ZONE, { type: RecordType.AXFR }), Rcode.refused],
  ])('%s', (_name, message, rcode) => {
    expect(answer(message)).toMatchObject({ rcode, answers: [], authority: [] })
  })
})

describe('EDNS', () => {
  test('the answer has an OPT record with our size and the DO bit of the query', () => {
    const opt = answer(query(SVC1, { edns: { size: 4096, dnssecOk: true } })).opt
    expect(opt).toMatchObject({ class: 1232, version: 0, doFlag: true })
    expect(answer(query(SVC1, { edns: {} })).opt).toMatchObject({ doFlag: false })
  })

  test('a version we do not know is BADVERS, with version 0 in the answer', () => {
    expect(answer(query(SVC1, { edns: { version: 1 } }))).toMatchObject({
      rcode: Rcode.badVers,
      answers: [],
      opt: { version: 0 },
    })
  })

  test('refusals keep the OPT record', () => {
    expect(answer(query('example.com', { edns: {} }))).toMatchObject({
      rcode: Rcode.refused,
      opt: { class: 1232 },
    })
  })
})

describe('ANY', () => {
  const any = (name: string) => answer(query(`${name}${ZONE}`, { type: RecordType.ANY, edns: {} }))

  test.each([
    ['both families', 'svc-dual-stack.testns.svc.', [RecordType.A]],
    ['one family', 'svc6.testns.svc.', [RecordType.AAAA]],
    ['a port', '_http._tcp.svc1.testns.svc.', [RecordType.SRV]],
    ['the apex', '', [RecordType.SOA]],
    ['the version', 'dns-version.', [RecordType.TXT]],
  ])('brings one set of records and nothing in addition: %s', (_name, name, types) => {
    const response = any(name)
    expect(response.answers.map((record) => record.type)).toEqual(types)
    expect([response.authority, response.additional]).toEqual([[], []])
  })

  test('is as empty as any type where there is nothing', () => {
    expect(any('testns.svc.')).toMatchObject({
      rcode: Rcode.noError,
      answers: [],
      authority: [{ name: ZONE }],
    })
    expect(any('nosuch.testns.svc.')).toMatchObject({ rcode: Rcode.nxDomain, answers: [] })
  })

  test('is never longer than an answer to one of its types', () => {
    const many = testResponder(tableSnapshot)
    const octets = (type: number) =>
      many.handle(query(`hdls1.testns.svc.${ZONE}`, { type, edns: {} }))?.length ?? 0
    expect(octets(RecordType.ANY)).toBe(octets(RecordType.A))
  })
})

describe('size', () => {
  const many = testResponder(crowd)

  test.each([
    ['without EDNS', undefined, 512],
    ['with a silly size', { size: 20 }, 512],
    ['with a size', { size: 800 }, 800],
    ['with a huge size', { size: 65_535 }, 1232],
  ])('an answer %s fits, says TC and keeps what fits', (_name, edns, limit) => {
    const response = decode(many.handle(query(CROWD, edns && { edns })))
    expect(response.tc).toBe(true)
    expect(response.length).toBeLessThanOrEqual(limit)
    expect(response.length).toBeGreaterThan(limit - 16)
    expect(response.opt === undefined).toBe(edns === undefined)
  })

  test('TCP carries them all', () => {
    const response = decode(many.handle(query(CROWD), 'tcp'))
    expect([response.tc, response.answers.length]).toEqual([false, 300])
  })

  test('additional records that do not fit are left out without TC', () => {
    const few = testResponder(tableSnapshot)
    const name = `_http._tcp.hdls1.testns.svc.${ZONE}`
    const response = decode(few.handle(query(name, { type: RecordType.SRV })))
    expect([response.tc, response.answers.length]).toEqual([false, 5])
    expect(response.additional.length).toBeLessThan(6)
    expect(response.length).toBeLessThanOrEqual(512)
  })
})

describe('kept answers', () => {
  test('serve the next question of the same name in any case, until the zone changes', async () => {
    const own = testResponder(tableSnapshot)
    own.handle(query(SVC1))
    own.handle(query(SVC1.toUpperCase(), { edns: {} }))
    expect(own.authority.cached).toBe(1)
    expect(await own.metrics()).toContain('fairlead_dns_cache_total{result="hit"} 1')
    own.snapshots.set(snapshotOf([serviceImport('svc1', { ips: ['10.0.0.99'] })]))
    expect(decode(own.handle(query(SVC1))).answers).toMatchObject([{ address: '10.0.0.99' }])
  })

  test('names that do not exist are not kept, so a flood of them pushes nothing out', () => {
    const own = testResponder(tableSnapshot)
    for (let at = 0; at < 100; at++) own.handle(query(`random-${at}.testns.svc.${ZONE}`))
    expect(own.authority.cached).toBe(0)
  })
})

test('responses are counted by transport and code', async () => {
  const own = testResponder(tableSnapshot)
  own.handle(query(SVC1))
  own.handle(query(`nosuch.testns.svc.${ZONE}`), 'tcp')
  own.handle(Buffer.alloc(3))
  const text = await own.metrics()
  expect(text).toContain('fairlead_dns_responses_total{transport="udp",rcode="NOERROR"} 1')
  expect(text).toContain('fairlead_dns_responses_total{transport="tcp",rcode="NXDOMAIN"} 1')
  expect(text).toContain('fairlead_dns_dropped_total{transport="udp"} 1')
})

function withTwoAdditionals(): Buffer {
  const message = query(SVC1)
  message.writeUInt16BE(2, 10)
  return message
}

function withOneAdditional(): Buffer {
  const message = query(SVC1)
  message.writeUInt16BE(1, 10)
  return message
}
