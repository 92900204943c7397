/** House rules that the linter does not know (STYLE section 3). */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { ROOT, sourceFiles } from '../../support/source-tree.ts'

const files = sourceFiles('src').filter((file) => !file.path.includes('/generated/'))

test('every file starts by saying what it owns', () => {
  expect(files.filter((file) => !file.text.startsWith('/**')).map((file) => file.path)).toEqual([])
})

test('no file is called utils, helpers, common or manager', () => {
  const bad = /\/(utils?|helpers?|common|manager|misc)\.tsx?$/
  expect(files.filter((file) => bad.test(file.path)).map((file) => file.path)).toEqual([])
})

test('a file longer than 300 lines says why in its first lines', () => {
  const long = files.filter(
    (file) =>
      file.text.split('\n').length > 300 && !/long because|table|parser/i.test(file.text.slice(0, 600)),
  )
  expect(long.map((file) => file.path)).toEqual([])
})

test('nothing is left for later in the sources', () => {
  expect(files.filter((file) => /\b(TODO|FIXME|XXX)\b/.test(file.text)).map((file) => file.path)).toEqual([])
})

test('metric names follow fairlead_<part>_<what> and counters end in _total', () => {
  // The lab's API server names its own as kube-apiserver does.
  const ours = files.filter((file) => !file.path.startsWith('src/lab/api-server/'))
  const names = ours.flatMap((file) =>
    [...file.text.matchAll(/\.(counter|gauge|histogram|observe)\(\s*'([^']+)'/g)].map((match) => ({
      kind: match[1],
      name: match[2] ?? '',
      path: file.path,
    })),
  )
  const wrong = names.filter(
    ({ kind, name }) =>
      !/^fairlead_[a-z]+(_[a-z0-9]+)+$/.test(name) || (kind === 'counter') !== name.endsWith('_total'),
  )
  expect(wrong).toEqual([])
})

test('the version that is printed is the one in package.json', async () => {
  const { VERSION } = await import('../../../src/cli/version.ts')
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
  expect(VERSION).toBe(manifest.version)
})

test('dependencies are pinned exactly', () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<
    string,
    Record<string, string>
  >
  const all = {
    ...manifest['dependencies'],
    ...manifest['devDependencies'],
    ...manifest['optionalDependencies'],
  }
  expect(Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([])
})
