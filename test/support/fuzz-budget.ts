/** How long a fuzzer runs: FAIRLEAD_FUZZ_SECONDS in all its properties together, 10 by default. */
import type { Parameters } from 'fast-check'

const SECONDS = Number(process.env['FAIRLEAD_FUZZ_SECONDS'] ?? 10)

/** fast-check's parameters for one of `properties` in a file. */
export function fuzzFor(properties: number): Parameters<unknown> {
  return {
    interruptAfterTimeLimit: (SECONDS * 1000) / properties,
    numRuns: 100_000_000,
    endOnFailure: true,
  }
}

/** Bound of one of them for the test runner, milliseconds: the machine may be busy. */
export const FUZZ_TIMEOUT_MS = (SECONDS + 60) * 1000
