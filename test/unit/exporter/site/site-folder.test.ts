import { mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { SITE_MAX_FILE_BYTES, SITE_MAX_FILES } from '../../../../src/exporter/site/limits.ts'
import { SiteFolder } from '../../../../src/exporter/site/site-folder.ts'
import { SiteObjectReader } from '../../../../src/exporter/site/site-objects.ts'

let path: string
let folder: SiteFolder
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'fairlead-site-'))
  const parse = (text: string) => [JSON.parse(text) as unknown]
  folder = new SiteFolder({ reader: new SiteObjectReader(), parse }, path)
})
afterEach(() => rm(path, { recursive: true }))

const serviceExport = (name: string) =>
  JSON.stringify({ apiVersion: 'multicluster.x-k8s.io/v1beta1', kind: 'ServiceExport', metadata: { name } })
const write = (name: string, text: string) => writeFile(join(path, name), text)
const names = async () => (await folder.look())?.objects.map(({ object }) => object.metadata.name)

test('files are read by name, once for each change', async () => {
  await write('b.yaml', serviceExport('two'))
  await write('a.json', serviceExport('one'))
  await write('.hidden.yaml', 'no')
  await write('notes.txt', 'no')
  expect(await names()).toEqual(['one', 'two'])
  expect(await folder.look()).toBeUndefined()
  await write('new', serviceExport('three'))
  await rename(join(path, 'new'), join(path, 'b.yaml'))
  expect(await names()).toEqual(['one', 'three'])
  await rm(join(path, 'a.json'))
  expect(await names()).toEqual(['three'])
})

test('an empty folder is an answer too, once', async () => {
  expect(await names()).toEqual([])
  expect(await folder.look()).toBeUndefined()
})

test('a file that cannot even be looked at is told once', async () => {
  await symlink('loop.yaml', join(path, 'loop.yaml'))
  expect((await folder.look())?.errors.get('loop.yaml')).toMatch(/ELOOP/)
  expect(await folder.look()).toBeUndefined()
})

test('a file that cannot be used keeps its last good state until it can', async () => {
  await write('a.json', serviceExport('one'))
  await folder.look()
  await write('a.json', '{"kind": ')
  const { objects, errors } = (await folder.look()) ?? {}
  expect(objects).toHaveLength(1)
  expect(errors?.get('a.json')).toMatch(/JSON/)
  expect(await folder.look()).toBeUndefined()
  await write('a.json', serviceExport('another'))
  await utimes(join(path, 'a.json'), 1, 1)
  expect((await folder.look())?.errors.size).toBe(0)
})

test('a file that is too long, and a folder of too many or of none, are refused', async () => {
  await write('a.json', ' '.repeat(SITE_MAX_FILE_BYTES + 1))
  expect((await folder.look())?.errors.get('a.json')).toContain(`more than ${SITE_MAX_FILE_BYTES}`)
  await Promise.all(Array.from({ length: SITE_MAX_FILES }, (_, index) => write(`${index}.json`, '')))
  await expect(folder.look()).rejects.toThrow(`at most ${SITE_MAX_FILES} are read`)
  const missing = new SiteFolder({ reader: new SiteObjectReader(), parse: () => [] }, join(path, 'nothing'))
  await expect(missing.look()).rejects.toThrow('cannot be read')
})
