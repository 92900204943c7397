/** What imports say of themselves: controllers against embedded API servers. */
import { afterEach, expect, test } from '@jest/globals'
import type { KubeObject } from '../../../src/api/objects.ts'
import { Resource } from '../../../src/api/resources.ts'
import { IMPORT_DEFINITION } from '../../../src/exporter/import-definition.ts'
import { eventually } from '../../support/eventually.ts'
import { ExporterCluster } from '../../support/exporter-cluster.ts'
import { MemoryDirectory } from '../../support/memory-directory.ts'

const cleanups: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function start(name: string, routers = new MemoryDirectory()): Promise<ExporterCluster> {
  const cluster = await ExporterCluster.start(name, routers.connect())
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
