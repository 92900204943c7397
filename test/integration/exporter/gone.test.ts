/** What revoked clusters leave in the imports of others, and a cluster that leaves in its own: nothing. */
import { afterEach, expect, test } from '@jest/globals'
import { Label } from '../../../src/api/names.ts'
import { eventually } from '../../support/eventually.ts'
import { ExporterCluster } from '../../support/exporter-cluster.ts'
import { origin, record } from '../../support/exporter-objects.ts'
import { MemoryDirectory } from '../../support/memory-directory.ts'

const cleanups: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

test('a cluster that is absent is remembered, also over a restart, and one that was revoked is not', async () => {
  const routers = new MemoryDirectory()
  const link = routers.connect()
  const west = await ExporterCluster.start('west', link)
  cleanups.push(() => west[Symbol.asyncDispose]())
  routers.take(origin('east', [record(), record({ name: 'only' })]))
  routers.take(origin('north', [record()]))
  await Promise.all([west.whenReady('web'), west.whenReady('only')])
  await west.stopController()
  routers.forget()
  await west.startController()
  await west.whenQuiet()
  const clusters = async (name: string) =>
    (await west.importSet(name)).import?.status?.clusters?.map(({ cluster }) => cluster)
  expect([await clusters('web'), await clusters('only')]).toEqual([['east', 'north'], ['east']])

  link.gone.set(new Set(['east']))
  await eventually(async () => expect(await clusters('web')).toEqual(['north']))
  await eventually(async () => expect((await west.importSet('only')).import).toBeUndefined())
  const { slices } = await west.importSet('web')
  expect(slices.map(({ metadata }) => metadata.labels?.[Label.sourceCluster])).toEqual(['north'])
  expect((await west.importSet('only')).slices).toEqual([])

  link.gone.set(new Set())
  routers.take(origin('east', [record(), record({ name: 'only' })]))
  await eventually(async () => expect(await clusters('web')).toEqual(['east', 'north']))
  await west.whenReady('only')
})
