/**
 * Queries that are almost right, against the resolver. FAIRLEAD_FUZZ_SECONDS sets how long.
 */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { almostQuery } from '../../support/dns-almost-queries.ts'
import { expectGoodConduct } from '../../support/dns-conduct.ts'
import { testResponder } from '../../support/dns-responder.ts'
import { servedSnapshot } from '../../support/dns-server.ts'
import { FUZZ_TIMEOUT_MS, fuzzFor } from '../../support/fuzz-budget.ts'

test(
  'almost valid queries never throw, and what is answered is well formed and small',
  () => {
    const responder = testResponder(servedSnapshot, Math.random)
    const seen = { answered: 0, dropped: 0 }
    fc.assert(
      fc.property(almostQuery, (message) => {
        expectGoodConduct(responder, message)
        seen[responder.handle(message) === undefined ? 'dropped' : 'answered'] += 1
      }),
      fuzzFor(1),
    )
    // Both kinds come up, so the generator reaches behind the first check.
    expect(Math.min(seen.answered, seen.dropped)).toBeGreaterThan(0)
  },
  FUZZ_TIMEOUT_MS,
)
