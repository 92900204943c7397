import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { DurationError, formatDuration, parseDuration } from '../../../src/core/duration.ts'

const ANY = { min: 0, max: Number.MAX_SAFE_INTEGER }

test.each([
  ['0s', 0],
  ['500ms', 500],
  ['3s', 3_000],
  ['1m30s', 90_000],
  ['1h1m1s1ms', 3_661_001],
  ['90m', 5_400_000],
  ['1s1s', 2_000],
  ['99999h', 359_996_400_000],
])('%s is %d ms', (text, ms) => {
  expect(parseDuration(text, ANY)).toBe(ms)
})

test.each([
  '',
  '0',
  '5',
  's',
  '-3s',
  '+3s',
  '1.5s',
  '1 s',
  ' 1s',
  '1s\n',
  '1S',
  '1d',
  '1us',
  '1m30',
  '100000s',
  '1h1h1h1h1h',
  '１s',
])('%j is refused, and the message says how to write it', (text) => {
  expect(() => parseDuration(text, ANY)).toThrow(DurationError)
  expect(() => parseDuration(text, ANY)).toThrow(/is no duration: give whole numbers with units/)
})

test('what is outside of the bounds is refused, and the message names them', () => {
  const bounds = { min: 1_000, max: 3_600_000 }
  expect(() => parseDuration('999ms', bounds)).toThrow('"999ms" is not from 1s to 1h')
  expect(() => parseDuration('61m', bounds)).toThrow('"61m" is not from 1s to 1h')
  expect([parseDuration('1s', bounds), parseDuration('60m', bounds)]).toEqual([1_000, 3_600_000])
})

test('a long text is quoted in part', () => {
  expect(() => parseDuration('x'.repeat(1_000_000), ANY)).toThrow(/^"x{40}" is no duration/)
})

test('every duration is read back as it was written', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 99_999 * 3_600_000 }), (ms) => {
      expect(parseDuration(formatDuration(ms), ANY)).toBe(ms)
    }),
  )
})

test('a text is a sum of its parts or refused: nothing else comes out, whatever goes in', () => {
  const part = fc.tuple(fc.integer({ min: 0, max: 99_999 }), fc.constantFrom('h', 'm', 's', 'ms'))
  const sizes: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 }
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
      const text = parts.map(([count, unit]) => `${count}${unit}`).join('')
      const sum = parts.reduce((total, [count, unit]) => total + count * (sizes[unit] ?? Number.NaN), 0)
      expect(parseDuration(text, ANY)).toBe(sum)
    }),
  )
  fc.assert(
    fc.property(fc.string(), (text) => {
      fc.pre(!/^([0-9]{1,5}(h|m|s|ms)){1,4}$/.test(text))
      expect(() => parseDuration(text, ANY)).toThrow(DurationError)
    }),
  )
})
