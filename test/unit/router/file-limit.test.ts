import { expect, test } from '@jest/globals'
import { flowsWithin, openFilesLimit, openFilesOf } from '../../../src/router/file-limit.ts'

const TABLE = [
  'Limit                     Soft Limit           Hard Limit           Units     ',
  'Max cpu time              unlimited            unlimited            seconds   ',
  'Max open files            1048                 524288               files     ',
]

test('the soft limit of open files is read from the kernel table', () => {
  expect(openFilesOf(TABLE.join('\n'))).toBe(1048)
  expect(openFilesOf('Max open files            unlimited            unlimited            files')).toBe(
    Infinity,
  )
})

test('this process has a limit', async () => {
  expect(await openFilesLimit()).toBeGreaterThan(0)
})

test.each([
  [Infinity, 20_000],
  [1_048_576, 20_000],
  [20_000, 18_976],
  [4096, 3072],
  [256, 192],
])('of %p open files %p may be flows', (files, flows) => expect(flowsWithin(files)).toBe(flows))
