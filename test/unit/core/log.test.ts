import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { createLogger } from '../../../src/core/log.ts'

function linesOf(write: (fd: number) => void): Record<string, unknown>[] {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-log-'))
  const file = join(folder, 'log')
  const fd = openSync(file, 'w')
  write(fd)
  closeSync(fd)
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  rmSync(folder, { recursive: true })
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
}

test('secrets never reach a line, wherever they stand', () => {
  const [line] = linesOf((fd) =>
    createLogger('info', {}, fd).info({ token: 'abc', peer: { keyPem: 'def' }, code: 'ECONNRESET' }, 'said'),
  )
  expect(line).toMatchObject({
    token: '[redacted]',
    peer: { keyPem: '[redacted]' },
    code: 'ECONNRESET',
    msg: 'said',
  })
})

test('a child adds its fields to every line and lower levels are left out', () => {
  const lines = linesOf((fd) => {
    const log = createLogger('warn', { cluster: 'east' }, fd).child({ component: 'link' })
    log.info({}, 'not this')
    log.warn({}, 'this')
  })
  expect(lines).toEqual([
    expect.objectContaining({ cluster: 'east', component: 'link', level: 'warn', msg: 'this' }),
  ])
})
