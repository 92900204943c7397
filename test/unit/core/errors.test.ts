import { expect, test } from '@jest/globals'
import { describeError, UsageError } from '../../../src/core/errors.ts'

test('an error is told on one line, with its causes, and nothing twice', () => {
  const root = new Error('unexpected end\n\n 1 | garbage: [\n-----^')
  const middle = new Error('cannot read file', { cause: root })
  expect(describeError(middle)).toBe('cannot read file: unexpected end 1 | garbage: [ -----^')
  expect(describeError(new UsageError(`router: ${root.message}`, { cause: root }))).toBe(
    'router: unexpected end 1 | garbage: [ -----^',
  )
  expect(describeError(new TypeError())).toBe('TypeError')
  expect(describeError('text')).toBe('text')
})
