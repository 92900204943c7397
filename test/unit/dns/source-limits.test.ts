import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { SourceLimits, Verdict } from '../../../src/dns/source-limits.ts'

const A = '10.0.0.1'
const B = '10.0.0.2'

/** What `count` messages at one moment come to. */
function judge(limits: SourceLimits, address: string, now: number, count: number): Verdict[] {
  return Array.from({ length: count }, () => limits.judge(address, now))
}

const passed = (verdicts: readonly Verdict[]) => verdicts.filter((verdict) => verdict === Verdict.pass).length

describe('one source', () => {
  test('passes its burst, then every second message is told to come by TCP', () => {
    const limits = new SourceLimits({ perSecond: 10, burst: 3 })
    expect(judge(limits, A, 0, 8)).toEqual([
      'pass',
      'pass',
      'pass',
      'drop',
      'truncate',
      'drop',
      'truncate',
      'drop',
    ])
  })

  test('gets its rate back with time, and never more than the burst', () => {
    const limits = new SourceLimits({ perSecond: 10, burst: 3 })
    judge(limits, A, 0, 3)
    expect(passed(judge(limits, A, 99, 5))).toBe(0)
    expect(passed(judge(limits, A, 200, 5))).toBe(2)
    expect(passed(judge(limits, A, 3_600_000, 5))).toBe(3)
  })

  test('has a burst of one second of its rate, and of one message at least', () => {
    expect(passed(judge(new SourceLimits({ perSecond: 20 }), A, 0, 50))).toBe(20)
    expect(passed(judge(new SourceLimits({ perSecond: 1, burst: 0 }), A, 0, 50))).toBe(1)
  })

  test('takes nothing from the others', () => {
    const limits = new SourceLimits({ perSecond: 10 })
    judge(limits, A, 0, 1_000)
    expect(passed(judge(limits, B, 0, 10))).toBe(10)
  })
})

describe('what one source is', () => {
  const together = (one: string, other: string) => {
    const limits = new SourceLimits({ perSecond: 1, burst: 1 })
    limits.judge(one, 0)
    return limits.judge(other, 0) !== Verdict.pass
  }

  test.each([
    ['fd00:1:2:3::1', 'fd00:1:2:3:ffff:ffff:ffff:ffff'],
    ['fd00::1', 'fd00:0:0:0:9::'],
    ['::1', '::2:0:0:0'],
    ['fe80::1%eth0', 'fe80::2%eth1'],
    ['fd00:a::1', 'FD00:A::2'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
  ])('%s and %s', (one, other) => {
    expect(together(one, other)).toBe(true)
  })

  test.each([
    ['10.0.0.1', '10.0.0.2'],
    ['fd00:1:2:3::1', 'fd00:1:2:4::1'],
    ['::ffff:10.0.0.1', '::ffff:10.0.0.2'],
    ['2001:db8::1', '2001:db8:1::1'],
  ])('not %s and %s', (one, other) => {
    expect(together(one, other)).toBe(false)
  })
})

describe('the table', () => {
  const full = () => {
    const limits = new SourceLimits({ perSecond: 10, burst: 2, sources: 2 })
    for (const address of [A, B]) judge(limits, address, 0, 2)
    return limits
  }

  test('has a bound; whoever finds no place shares one bucket', () => {
    const limits = full()
    expect(passed(judge(limits, '10.0.0.3', 0, 1))).toBe(1)
    expect(passed(judge(limits, '10.0.0.4', 0, 5))).toBe(1)
    expect(limits.size).toBe(2)
  })

  test('an idle source gives its place to a new one', () => {
    const limits = full()
    judge(limits, A, 150, 1)
    expect(passed(judge(limits, '10.0.0.3', 200, 5))).toBe(2)
    expect(passed(judge(limits, '10.0.0.4', 200, 5))).toBe(2)
    expect(limits.size).toBe(2)
  })

  test('a source that is over its limit is not forgotten for others', () => {
    const limits = full()
    for (let other = 3; other < 100; other++) limits.judge(`10.0.0.${other}`, 0)
    expect(passed([...judge(limits, A, 0, 3), ...judge(limits, B, 0, 3)])).toBe(0)
  })
})

describe('whatever comes from wherever', () => {
  const RATE = 7
  const BURST = 5
  const SOURCES = 4
  /** Nine hosts: more than there is place for, two of them in one /64. */
  const address = fc.constantFrom(...[1, 2, 3, 4, 5, 6, 7].map((n) => `10.0.0.${n}`), 'fd00::1', 'fd00::2')
  const steps = fc.array(
    fc.record({ address, wait: fc.integer({ min: 0, max: 700 }), count: fc.integer({ min: 1, max: 9 }) }),
    { minLength: 1, maxLength: 60 },
  )

  test('no source passes more than rate * time + burst in any stretch of time, and the table stays bounded', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const limits = new SourceLimits({ perSecond: RATE, burst: BURST, sources: SOURCES })
        const passes = new Map<string, number[]>()
        let now = 0
        for (const step of all) {
          now += step.wait
          const source = step.address.startsWith('fd00') ? 'fd00' : step.address
          const times = passes.get(source) ?? []
          passes.set(source, times)
          for (let left = passed(judge(limits, step.address, now, step.count)); left > 0; left--)
            times.push(now)
          expect(limits.size).toBeLessThanOrEqual(SOURCES)
        }
        for (const times of passes.values()) expect(worstExcess(times)).toBeLessThanOrEqual(1e-6)
      }),
      { numRuns: 500 },
    )
  })

  test('with a place of its own, a source that keeps to its rate is never turned away', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 1_000 }), (all, start) => {
        const limits = new SourceLimits({ perSecond: RATE, burst: BURST, sources: 16 })
        let now = start
        for (const step of all) {
          now += Math.ceil(1000 / RATE) + step.wait
          judge(limits, step.address, now, step.count)
          expect(limits.judge('192.0.2.1', now)).toBe(Verdict.pass)
        }
      }),
    )
  })

  /** By how much the passes of any stretch of time exceed what is allowed in it. */
  function worstExcess(times: readonly number[]): number {
    let worst = 0
    for (const [first, from] of times.entries())
      for (let last = first; last < times.length; last++) {
        const allowed = (((times[last] ?? 0) - from) * RATE) / 1000 + BURST
        worst = Math.max(worst, last - first + 1 - allowed)
      }
    return worst
  }
})
