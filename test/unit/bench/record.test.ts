import { expect, test } from '@jest/globals'
import { withSection } from '../../../bench/record.ts'

const document = 'before\n<!-- bench x: written by --save -->\nold\n<!-- end of bench x -->\nafter\n'

test('a section is written between its marks, again and again', () => {
  const once = withSection(document, 'x', 'new')
  expect(once).toBe('before\n<!-- bench x: written by --save -->\nnew\n<!-- end of bench x -->\nafter\n')
  expect(withSection(once, 'x', 'new')).toBe(once)
})

test('a document without the marks is refused', () => {
  expect(() => withSection(document, 'y', 'new')).toThrow('lacks the marks')
})
