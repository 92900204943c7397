/** docs/dns.md says what the code does. */
import { expect, test } from '@jest/globals'
import { hasForeignBlock, withForwarding } from '../../../src/cli/install/corefile.ts'
import {
  MAX_RECORDS_PER_SECTION,
  SOURCE_RATE_DEFAULT,
  SOURCES_MAX,
  TCP_MAX_CONNECTIONS,
  TCP_MAX_PER_SOURCE,
  TCP_QUERY_MAX,
  UDP_SIZE_MAX,
} from '../../../src/dns/limits.ts'
import { DIFFERENCES } from '../../support/dns-differences.ts'
import { docsPage, fencedBlocks } from '../../support/docs-page.ts'
import { sourceFiles } from '../../support/source-tree.ts'

const page = docsPage('docs/dns.md')
const sources = [...sourceFiles('src/dns'), ...sourceFiles('src/bin')].map(({ path, text }) => ({
  path,
  text,
}))

test('the differences to CoreDNS are listed in the words of the test that finds them', () => {
  const list = /but for these differences[^\n]*\n\n((?:- [^\n]*\n)+)/.exec(page)?.[1] ?? ''
  expect(list.trim().split('\n')).toEqual(DIFFERENCES.map(({ reason }) => `- ${reason}`))
})

test('the block of an install is the one that is shown', () => {
  expect(fencedBlocks(page, 'Corefile')[0]).toBe(withForwarding('', '10.96.7.7'))
})

test("the block of CoreDNS's own mode is left alone by an install", () => {
  const block = fencedBlocks(page, 'Corefile').find((text) => text.includes('multicluster')) ?? ''
  expect(hasForeignBlock(block)).toBe(true)
})

test('every metric of the resolver is listed, and no other', () => {
  const names = (text: string) => new Set(text.match(/fairlead_dns_[a-z_]*[a-z]/g))
  const known = names(sources.map(({ text }) => text).join())
  expect([...names(page)].sort()).toEqual([...known].sort())
})

test('every flag of the process is listed', () => {
  const { text = '' } = sources.find(({ path }) => path === 'src/bin/dns.ts') ?? {}
  const flags = [...text.matchAll(/^ {6}'?([a-z-]+)'?: text,$/gm)].map(([, name]) => `\`--${name}\``)
  expect(flags).toContain('`--source-rate`')
  expect(flags.filter((flag) => !page.includes(flag))).toEqual([])
})

test.each([
  ['source rate', SOURCE_RATE_DEFAULT],
  ['sources', SOURCES_MAX],
  ['UDP size', UDP_SIZE_MAX],
  ['TCP connections', TCP_MAX_CONNECTIONS],
  ['TCP connections of one source', TCP_MAX_PER_SOURCE],
  ['TCP query', TCP_QUERY_MAX],
  ['records', MAX_RECORDS_PER_SECTION],
])('the bound is the one that is told: %s', (_name, bound) => {
  const [, table = ''] = page.split('## Bounds')
  expect(table).toContain(bound.toLocaleString('en-US'))
})
