/** Lines of container logs. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { LineCutter, presentLine, selectLines } from '../../../../src/lab/kubelet/log-line.ts'
import { parseLogQuery } from '../../../../src/lab/kubelet/log-reader.ts'

const T = Date.parse('2026-01-01T00:00:00.123Z')
const ALL = { tailLines: undefined, since: undefined, timestamps: false, limitBytes: undefined }

describe('cutting', () => {
  test('gives complete lines, and keeps the rest for later', () => {
    const cutter = new LineCutter('stdout')
    expect(cutter.cut(Buffer.from('one\ntw'), T)).toBe('2026-01-01T00:00:00.123000000Z stdout F one\n')
    expect(cutter.cut(Buffer.from('o\n'), T)).toBe('2026-01-01T00:00:00.123000000Z stdout F two\n')
    expect(cutter.finish(T)).toBe('')
  })

  test('splits lines that are too long, and joins them again when shown', () => {
    const cutter = new LineCutter('stderr')
    const long = 'x'.repeat(40_000)
    const lines = cutter.cut(Buffer.from(`${long}\n`), T)
    expect(lines.match(/ stderr P /g)).toHaveLength(2)
    expect(selectLines(lines, ALL)).toBe(`${long}\n`)
  })

  test('loses and adds nothing, however the bytes come', () => {
    const text = fc.array(fc.stringMatching(/^[a-z ]{0,30}$/), { maxLength: 8 })
    fc.assert(
      fc.property(text, fc.array(fc.nat({ max: 12 })), (lines, sizes) => {
        const whole = lines.map((line) => `${line}\n`).join('')
        const cutter = new LineCutter('stdout')
        let rest = Buffer.from(whole)
        let log = ''
        for (const size of sizes) {
          log += cutter.cut(rest.subarray(0, size), T)
          rest = rest.subarray(size)
        }
        log += cutter.cut(rest, T) + cutter.finish(T)
        expect(selectLines(log, ALL)).toBe(whole)
      }),
    )
  })
})

describe('showing', () => {
  const log = ['00:00:01', '00:00:02', '00:00:03']
    .map((time, index) => `2026-01-01T${time}.000000000Z stdout F ${index}\n`)
    .join('')

  test('gives the last lines only', () => {
    expect(selectLines(log, { ...ALL, tailLines: 2 })).toBe('1\n2\n')
    expect(selectLines(log, { ...ALL, tailLines: 0 })).toBe('')
  })

  test('leaves out what is older', () => {
    expect(selectLines(log, { ...ALL, since: Date.parse('2026-01-01T00:00:02Z') })).toBe('1\n2\n')
  })

  test('puts the time before a line when asked', () => {
    expect(
      presentLine('2026-01-01T00:00:01.000000000Z stdout F hi', { since: undefined, timestamps: true }),
    ).toBe('2026-01-01T00:00:01.000000000Z hi\n')
  })

  test('understands the parameters of the kubelet', () => {
    const query = new URLSearchParams('tailLines=5&sinceSeconds=10&timestamps=true&limitBytes=9')
    expect(parseLogQuery(query, T)).toEqual({
      tailLines: 5,
      since: T - 10_000,
      timestamps: true,
      limitBytes: 9,
    })
    expect(parseLogQuery(new URLSearchParams('tailLines=-1&sinceTime=nonsense'))).toEqual(ALL)
  })
})
