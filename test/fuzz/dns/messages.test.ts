/**
 * Raw octets against the resolver. FAIRLEAD_FUZZ_SECONDS sets how long.
 */
import { test } from '@jest/globals'
import fc from 'fast-check'
import { expectGoodConduct } from '../../support/dns-conduct.ts'
import { tableSnapshot, ZONE } from '../../support/dns-fixture.ts'
import { testResponder } from '../../support/dns-responder.ts'
import { query } from '../../support/dns-wire.ts'
import { FUZZ_TIMEOUT_MS, fuzzFor } from '../../support/fuzz-budget.ts'

const PROPERTIES = 2

const responder = testResponder(tableSnapshot, Math.random)

/** A valid query with some octets changed, cut or added. */
const mutated = fc
  .tuple(
    fc.constantFrom(
      query(`svc1.testns.svc.${ZONE}`, { edns: {} }),
      query(`_http._tcp.hdls1.testns.svc.${ZONE}`, { type: 33 }),
      query(ZONE, { type: 6, edns: { size: 4096, dnssecOk: true } }),
    ),
    fc.array(fc.tuple(fc.nat({ max: 120 }), fc.integer({ min: 0, max: 255 })), { maxLength: 6 }),
    fc.nat({ max: 120 }),
    fc.uint8Array({ maxLength: 40 }),
  )
  .map(([seed, changes, length, tail]) => {
    const message = Buffer.concat([seed.subarray(0, Math.max(4, length)), tail])
    for (const [at, octet] of changes) if (at < message.length) message[at] = octet
    return message
  })

const check = (message: Buffer) => expectGoodConduct(responder, message)

test(
  'random octets never throw, and what is answered is well formed',
  () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (octets) => check(Buffer.from(octets))),
      fuzzFor(PROPERTIES),
    )
  },
  FUZZ_TIMEOUT_MS,
)

test(
  'damaged queries never throw, and what is answered is well formed',
  () => {
    fc.assert(fc.property(mutated, check), fuzzFor(PROPERTIES))
  },
  FUZZ_TIMEOUT_MS,
)
