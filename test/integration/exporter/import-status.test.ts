/** What imports say of themselves: controllers against embedded API servers. */
import { afterEach, expect, test } from '@jest/globals'
import { Label } from '../../../src/api/names.ts'
import type { EndpointSlice, KubeObject } from '../../../src/api/objects.ts'
import { Resource } from '../../../src/api/resources.ts'
import { IMPORT_DEFINITION } from '../../../src/exporter/import-definition.ts'
import { eventually } from '../../support/eventually.ts'
import { ExporterCluster } from '../../support/exporter-cluster.ts'
import { origin, record } from '../../support/exporter-objects.ts'
import { MemoryDirectory, type MemoryLink } from '../../support/memory-directory.ts'

const cleanups: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function start(
  name: string,
  link: MemoryLink = new MemoryDirectory().connect(),
): Promise<ExporterCluster> {
  const cluster = await ExporterCluster.start(name, link)
  cleanups.push(() => cluster[Symbol.asyncDispose]())
  return cluster
}

interface Definition extends KubeObject {
  spec: {
    versions: {
      schema: { openAPIV3Schema: { properties: { status: { properties: Record<string, unknown> } } } }
    }[]
  }
}

/** Edits the status fields in every version of the CRD of ServiceImports, as installing another release does. */
async function editStatusFields(
  { client }: ExporterCluster,
  edit: (fields: Record<string, unknown>) => void,
): Promise<void> {
  const found = await client.get<Definition>(Resource.customResourceDefinition, { name: IMPORT_DEFINITION })
  if (found === undefined) throw new Error('no definition')
  for (const { schema } of found.spec.versions) edit(schema.openAPIV3Schema.properties.status.properties)
  await client.update(Resource.customResourceDefinition, found)
}

test('rule 37: endpointSliceObjects is Present where the CRD has the field, and comes when the CRD gets it', async () => {
  const east = await start('east')
  const stated = async () => (await east.importSet('web')).import?.status?.endpointSliceObjects
  await editStatusFields(east, (fields) => {
    delete fields['endpointSliceObjects']
  })
  await east.exportService('web')
  await east.whenReady('web')
  await east.whenQuiet()
  expect(await stated()).toBeUndefined()
  const before = east.writes.length
  await east.whenQuiet()
  expect(east.writes.length).toBe(before)
  await editStatusFields(east, (fields) => {
    fields['endpointSliceObjects'] = { type: 'string', enum: ['Present', 'Absent'] }
  })
  await eventually(async () => expect(await stated()).toBe('Present'))
})

/** `cluster endpoints` of each slice, sorted. */
const endpointCounts = (slices: readonly EndpointSlice[]) =>
  slices
    .map(({ metadata, endpoints }) => `${metadata.labels?.[Label.sourceCluster]} ${endpoints.length}`)
    .sort()

test('rule 41: a cluster out of reach gives way where others serve, is named, and is back when it returns', async () => {
  const routers = new MemoryDirectory()
  const link = routers.connect()
  const west = await start('west', link)
  await west.stopController()
  west.staleAfterMs = 1
  await west.startController()
  for (const name of ['east', 'north'])
    routers.take(origin(name, [record(), ...(name === 'east' ? [record({ name: 'only' })] : [])]))
  const stale = async (name: string) =>
    (await west.importSet(name)).import?.status?.conditions?.find(({ type }) => type === 'fairlead.dev/Stale')
      ?.message
  const counts = async (name: string) => endpointCounts((await west.importSet(name)).slices)
  link.reachable.set(new Set(['east', 'north']))
  await Promise.all([west.whenReady('web'), west.whenReady('only')])
  expect([await stale('web'), await counts('web')]).toEqual([undefined, ['east 1', 'north 1']])

  link.reachable.set(new Set(['north']))
  await eventually(async () => expect(await stale('web')).toBe('cannot be reached: east'))
  await eventually(async () => expect(await stale('only')).toBe('cannot be reached: east'))
  expect([await counts('web'), await counts('only')]).toEqual([['east 0', 'north 1'], ['east 1']])
  expect(west.figures.staleClusters).toBe(1)

  await west.whenQuiet()
  await west.stopController()
  link.reachable.set(undefined)
  west.writes.length = 0
  await west.startController()
  await west.whenQuiet()
  expect(west.writes).toEqual([])

  link.reachable.set(new Set(['east', 'north']))
  await eventually(async () => expect(await stale('web')).toBeUndefined())
  await eventually(async () => expect(await counts('web')).toEqual(['east 1', 'north 1']))
})
