import { expect, test } from '@jest/globals'
import { formatTable } from '../../../src/cli/output.ts'

test('columns are as wide as their widest cell and lines do not end in spaces', () => {
  expect(
    formatTable([
      ['NAME', 'READY', 'X'],
      ['router', '1/1', ''],
    ]),
  ).toBe('NAME     READY   X\nrouter   1/1\n')
})

test('a table without rows is empty', () => {
  expect(formatTable([])).toBe('')
})
