/** docs/hostile-cases.md names a test for each case: it must be there, under that name. */
import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'

/** Fewer would leave a surface out. */
const LEAST = 60

interface Case {
  readonly number: number
  readonly file: string
  readonly name: string
}

const ROW = /^\| (\d+) \| .+ \| .+ \| `(test\/[^`]+\.test\.ts)` (.+) \|$/

const cases: readonly Case[] = readFileSync('docs/hostile-cases.md', 'utf8')
  .split('\n')
  .filter((line) => /^\| \d/.test(line))
  .map((line) => {
    const [, number, file, name] = ROW.exec(line) ?? []
    if (number === undefined || file === undefined || name === undefined)
      throw new Error(`docs/hostile-cases.md: this row is no case: ${line}`)
    return { number: Number(number), file, name }
  })

test('the page has many cases, numbered one by one', () => {
  expect(cases.length).toBeGreaterThanOrEqual(LEAST)
  expect(cases.map(({ number }) => number)).toEqual(cases.map((_, index) => index + 1))
})

test.each(cases)('case $number is shown by a test of $file', ({ file, name }) => {
  const quoted = [`'${name}'`, `"${name}"`, `\`${name}\``]
  const source = readFileSync(file, 'utf8')
  expect(quoted.some((text) => source.includes(text))).toBe(true)
})
