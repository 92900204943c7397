/** Clusters that the directory does not know: nothing of theirs vanishes. */
import { describe, expect, test } from '@jest/globals'
import type { ServiceImport } from '../../../src/api/mcs.ts'
import { portKey } from '../../../src/api/merged-ports.ts'
import type { EndpointSlice } from '../../../src/api/objects.ts'
import type { Directory, ServiceRecord } from '../../../src/api/service-record.ts'
import { DEFAULT_TRAFFIC } from '../../../src/api/traffic-settings.ts'
import { importObject, importStatus } from '../../../src/exporter/import-object.ts'
import { importSlices } from '../../../src/exporter/import-slices.ts'
import { type ExistingImport, type WantedImport, wantedImport } from '../../../src/exporter/remembered.ts'
import type { MergedService } from '../../../src/exporter/service-merge.ts'
import { directory, OWNER, origin, port, record, service } from '../../support/exporter-objects.ts'

const NOTHING: ExistingImport = { import: undefined, slices: [] }
const DERIVED = service({ clusterIPs: ['10.96.7.7'], ipFamilies: ['IPv4'] })

function wanted(known: Directory, existing: ExistingImport = NOTHING): WantedImport {
  const found = wantedImport(known, 'demo/web', existing)
  if (found === undefined) throw new Error('nothing wanted')
  return found
}

/** What the controller of cluster west writes for it. */
function written(merged: MergedService): { import: ServiceImport; slices: EndpointSlice[] } {
  const spec = importObject(merged, DERIVED)
  const listenPorts = new Map(merged.ports.map((each, index) => [portKey(each), 20_000 + index]))
  const local = { service: undefined, slices: [] }
  return {
    import: { ...spec, status: importStatus(merged, DERIVED, spec, 0).status ?? {} },
    slices: importSlices({
      merged,
      cluster: 'west',
      listenPorts,
      local,
      traffic: DEFAULT_TRAFFIC,
      routers: ['10.0.0.5'],
      owner: OWNER,
    }),
  }
}

const EAST: Partial<ServiceRecord> = {
  ports: [port(80), port(443, 'https', 0)],
  sessionAffinity: 'ClientIP',
  sessionAffinityTimeoutSeconds: 60,
  exportedLabels: { team: 'a' },
}
const east = origin('east', [record(EAST)])
const north = origin('north', [record({ exportedAt: '2026-03-01T00:00:00Z', ports: [port(443, 'https')] })])

describe('a directory that lost what it knew', () => {
  test('leaves an import exactly as it was written', () => {
    const before = written(wanted(directory(east)).merged)
    const after = wanted(directory(), before)
    expect(after.unknown).toEqual(['east'])
    expect(written(after.merged)).toEqual(before)
  })

  test('leaves an import of two clusters as it was, whichever of them is known', () => {
    const before = written(wanted(directory(east, north)).merged)
    for (const known of [directory(), directory(east), directory(north)]) {
      const after = written(wanted(known, before).merged)
      expect(after.import).toEqual(before.import)
      expect(new Set(after.slices.map(({ metadata }) => metadata.name))).toEqual(
        new Set(before.slices.map(({ metadata }) => metadata.name)),
      )
    }
  })

  test('keeps the part of a cluster whose slices say so, even before the status was written', () => {
    const { import: object, slices } = written(wanted(directory(east)).merged)
    const { status: _, ...withoutStatus } = object
    expect(wanted(directory(), { import: withoutStatus, slices }).unknown).toEqual(['east'])
  })

  test('takes all ports for those of a cluster whose slices are lost', () => {
    const before = written(wanted(directory(east)).merged)
    const after = wanted(directory(), { import: before.import, slices: [] })
    expect(after.merged.ports).toEqual(wanted(directory(east)).merged.ports)
  })

  test('leaves out a cluster that is not believed to have been there', () => {
    const before = written(wanted(directory(east, north)).merged)
    const after = wantedImport(directory(), 'demo/web', before, {
      isBelieved: (cluster) => cluster === 'north',
    })
    expect(after?.unknown).toEqual(['north'])
    expect(after?.merged.exporters.map(({ cluster }) => cluster)).toEqual(['north'])
  })

  test('keeps a port that no router carries', () => {
    const sctp = { ...port(5000, 'sctp'), protocol: 'SCTP' as const }
    const before = written(wanted(directory(origin('east', [record({ ports: [port(80), sctp] })]))).merged)
    expect(written(wanted(directory(), before).merged)).toEqual(before)
  })

  test('lets a known cluster add its part meanwhile', () => {
    const before = written(wanted(directory(east)).merged)
    const extra = origin('north', [record({ ports: [port(9090, 'metrics')] })])
    const after = wanted(directory(extra), before)
    expect(after.merged.ports.map((each) => each.port)).toEqual([80, 443, 9090])
  })
})

describe('a cluster that is known again', () => {
  test('without the export ends its part', () => {
    const before = written(wanted(directory(east)).merged)
    expect(wantedImport(directory(origin('east')), 'demo/web', before)).toBeUndefined()
  })

  test('with another export replaces its part', () => {
    const before = written(wanted(directory(east)).merged)
    const after = wanted(directory(origin('east', [record({ ports: [port(81, 'new')] })])), before)
    expect(after.unknown).toEqual([])
    expect(after.merged.ports.map((each) => each.port)).toEqual([81])
  })
})

test('rule 21: an import that no cluster exports, known or remembered, is not wanted', () => {
  const stray: ServiceImport = {
    metadata: { name: 'web', namespace: 'demo' },
    spec: { type: 'ClusterSetIP', ports: [] },
  }
  expect(wantedImport(directory(), 'demo/web', { import: stray, slices: [] })).toBeUndefined()
})
