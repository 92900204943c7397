/** Global addresses in what a cluster exports and imports. */
import { describe, expect, test } from '@jest/globals'
import type { OwnsAddress } from '../../../src/api/global-owner.ts'
import type { ExportCandidate, GlobalAddresses } from '../../../src/api/globalnet-feed.ts'
import { portKey } from '../../../src/api/merged-ports.ts'
import { Annotation, type ServiceKey } from '../../../src/api/names.ts'
import type { Directory, RecordEndpoint } from '../../../src/api/service-record.ts'
import { DEFAULT_TRAFFIC } from '../../../src/api/traffic-settings.ts'
import { Snapshot } from '../../../src/core/snapshot.ts'
import { AddressedRecords, addressedRecord } from '../../../src/exporter/addressed-records.ts'
import { derivedService } from '../../../src/exporter/derived-service.ts'
import { endpointObjects } from '../../../src/exporter/endpoint-services.ts'
import { exportCandidate } from '../../../src/exporter/export-candidate.ts'
import { evaluateExport } from '../../../src/exporter/export-record.ts'
import { heldBack } from '../../../src/exporter/export-status.ts'
import { importObject } from '../../../src/exporter/import-object.ts'
import { importSlices } from '../../../src/exporter/import-slices.ts'
import { importAspect, serviceAspect } from '../../../src/exporter/owned-kinds.ts'
import { type ExistingImport, wantedImport } from '../../../src/exporter/remembered.ts'
import { endpointPortKeys, remoteEndpoints } from '../../../src/exporter/remote-endpoints.ts'
import type { MergedService } from '../../../src/exporter/service-merge.ts'
import {
  directory,
  endpoint,
  OWNER,
  origin,
  port,
  record,
  service,
  serviceExport,
  slice,
} from '../../support/exporter-objects.ts'
import { settle } from '../../support/fake-clock.ts'

const EAST = '242.1.0.7'
const DERIVED = service({ clusterIPs: ['10.96.7.7'], ipFamilies: ['IPv4'] })

/** East has 242.1.0.0/16, north 242.2.0.0/16. */
const owns: OwnsAddress = (cluster, address) =>
  address.startsWith(cluster === 'east' ? '242.1.' : '242.2.') && ['east', 'north'].includes(cluster)

function addresses(known: Readonly<Record<string, string>>): GlobalAddresses {
  return {
    addressOf: (key, id) => known[id === undefined ? key : `${key} ${id}`],
    problemOf: () => 'the block is exhausted',
  }
}

const NOTHING: ExistingImport = { import: undefined, slices: [] }

function mergedOf(
  known: Directory,
  existing = NOTHING,
  owner: OwnsAddress | undefined = owns,
): MergedService {
  const found = wantedImport(known, 'demo/web', existing, { owns: owner })
  if (found === undefined) throw new Error('nothing wanted')
  return found.merged
}

const listenPorts = (merged: MergedService) =>
  new Map(merged.ports.map((each, index) => [portKey(each), 20_000 + index]))

describe('the record of an export', () => {
  test('names its address, and is held back while it has none', () => {
    expect(addressedRecord(record(), addresses({ 'demo/web': EAST }))).toEqual(record({ globalIp: EAST }))
    expect(addressedRecord(record(), addresses({}))).toBeUndefined()
  })

  test('names the endpoints of a headless Service that have one', () => {
    const endpoints: RecordEndpoint[] = [{ id: 'web-0' }, { id: 'web-1', unready: true }]
    const headless = record({ type: 'Headless', endpoints })
    expect(addressedRecord(headless, addresses({ 'demo/web web-1': EAST }))).toEqual({
      ...headless,
      endpoints: [{ id: 'web-1', unready: true, globalIp: EAST }],
    })
  })

  test('is told when the address comes, and stays the same object when others change', async () => {
    const candidates = new Snapshot<ReadonlyMap<ServiceKey, ExportCandidate>>(
      new Map([['demo/web', { record: record() }]]),
    )
    const known = new Snapshot<GlobalAddresses | undefined>(addresses({}))
    const records = new AddressedRecords({ candidates, addresses: known })
    await records.start()
    expect([...records.values.current().keys()]).toEqual([])
    known.set(addresses({ 'demo/web': EAST }))
    await settle()
    const first = records.values.current().get('demo/web')
    expect(first?.globalIp).toBe(EAST)
    candidates.set(new Map(candidates.current()).set('demo/other', { record: record({ name: 'other' }) }))
    expect(records.values.current().get('demo/web')).toBe(first)
    known.set(undefined)
    await settle()
    expect([...records.values.current().values()]).toEqual([record(), record({ name: 'other' })])
    await records.stop()
  })

  test('that others know is not taken from them when globalnet is turned on, or the block is lost', async () => {
    const headless = record({ type: 'Headless', name: 'db', endpoints: [{ id: 'db-0' }] })
    const candidates = new Snapshot<ReadonlyMap<ServiceKey, ExportCandidate>>(
      new Map([
        ['demo/web', { record: record() }],
        ['demo/db', { record: headless }],
      ]),
    )
    const known = new Snapshot<GlobalAddresses | undefined>(undefined)
    const records = new AddressedRecords({ candidates, addresses: known })
    await records.start()
    const told = () => [...records.values.current().values()]
    known.set(addresses({}))
    await settle()
    expect(told()).toEqual([record(), headless])
    known.set(addresses({ 'demo/web': EAST, 'demo/db db-0': '242.1.0.8' }))
    await settle()
    expect(told()[0]?.globalIp).toBe(EAST)
    known.set(addresses({}))
    await settle()
    expect(told()).toEqual([record(), headless])
    const more = { ...headless, endpoints: [{ id: 'db-0' }, { id: 'db-1' }] }
    candidates.set(new Map(candidates.current()).set('demo/db', { record: more }))
    expect(told()[1]?.endpoints).toEqual([{ id: 'db-0' }])
    await records.stop()
  })

  test('that is held back says why', () => {
    const valid = evaluateExport(serviceExport(), service(), [slice([endpoint('10.0.0.1')])])
    expect(heldBack('demo/web', valid, undefined)).toBeUndefined()
    expect(heldBack('demo/web', valid, addresses({ 'demo/web': EAST }))).toBeUndefined()
    expect(heldBack('demo/web', valid, addresses({}))).toBe('the block is exhausted')
  })

  test('of a headless Service says how many endpoints are held back', () => {
    const headless = service({ clusterIP: 'None' })
    const pods = [endpoint('10.0.0.1'), endpoint('10.0.0.2')]
    const valid = evaluateExport(serviceExport(), headless, [slice(pods)])
    const known = addresses({ 'demo/web 10-0-0-2': EAST })
    expect(heldBack('demo/web', valid, known)).toBe('1 of 2 endpoints: the block is exhausted')
  })

  test('comes with the places of the endpoints of a headless Service', () => {
    const headless = service({ clusterIP: 'None' })
    const pods = [{ ...endpoint('10.0.0.1'), hostname: 'web-0' }, endpoint('10.0.0.2')]
    const ports = [{ protocol: 'TCP', port: 80, targetPort: 8080 }]
    expect(exportCandidate(serviceExport(), headless, [slice(pods)])?.places).toEqual({
      'web-0': { address: '10.0.0.1', ports },
      '10-0-0-2': { address: '10.0.0.2', ports },
    })
    expect(exportCandidate(serviceExport(), service(), [slice(pods)])?.places).toBeUndefined()
  })
})

describe('an import', () => {
  const east = origin('east', [record({ globalIp: EAST })])
  const north = origin('north', [record({ exportedAt: '2026-03-01T00:00:00Z', globalIp: '242.2.0.9' })])

  test('has the global address of the oldest export, in every cluster the same', () => {
    const merged = mergedOf(directory(north, east))
    expect(importObject(merged, DERIVED).spec).toMatchObject({ ips: [EAST], ipFamilies: ['IPv4'] })
    expect(importObject(merged, undefined).spec).toMatchObject({ ips: [EAST] })
    expect(derivedService(merged, listenPorts(merged), OWNER)?.metadata.annotations).toEqual({
      [Annotation.globalIp]: EAST,
    })
  })

  test('has the next one when the oldest is of a cluster without globalnet', () => {
    expect(mergedOf(directory(origin('east', [record()]), north)).globalIp).toBe('242.2.0.9')
  })

  test('has no address that its cluster does not own', () => {
    const thief = origin('east', [record({ globalIp: '242.2.0.1' })])
    expect(mergedOf(directory(thief)).globalIp).toBeUndefined()
    expect(mergedOf(directory(thief, north)).globalIp).toBe('242.2.0.9')
  })

  test('has the address of its derived Service where globalnet is off', () => {
    const merged = wantedImport(directory(east), 'demo/web', NOTHING)?.merged
    if (merged === undefined) throw new Error('nothing wanted')
    expect(importObject(merged, DERIVED).spec?.ips).toEqual(['10.96.7.7'])
    expect(derivedService(merged, listenPorts(merged), OWNER)?.metadata.annotations).toBeUndefined()
  })

  test('keeps its address while its cluster is not known', () => {
    const written = importObject(mergedOf(directory(east)), DERIVED)
    const existing = { import: { ...written, status: { clusters: [{ cluster: 'east' }] } }, slices: [] }
    expect(importObject(mergedOf(directory(), existing), DERIVED)).toEqual(written)
    const off = wantedImport(directory(), 'demo/web', existing)?.merged
    expect(off?.globalIp).toBeUndefined()
  })

  test('and its derived Service lose an address that is no more, and keep what others put there', () => {
    const without = wantedImport(directory(east), 'demo/web', NOTHING)?.merged
    const merged = mergedOf(directory(east))
    if (without === undefined) throw new Error('nothing wanted')
    const [old, next] = [importObject(merged, DERIVED), importObject(without, DERIVED)]
    expect(importAspect.matches(old, next)).toBe(false)
    expect(importAspect.repair(old, next).metadata.annotations).toEqual(next.metadata.annotations)
    const derived = derivedService(merged, listenPorts(merged), OWNER)
    const wanted = derivedService(without, listenPorts(without), OWNER)
    if (derived === undefined || wanted === undefined) throw new Error('no Service')
    const actual = {
      ...derived,
      metadata: { ...derived.metadata, annotations: { theirs: '1', ...derived.metadata.annotations } },
    }
    expect(serviceAspect.matches(actual, wanted)).toBe(false)
    expect(serviceAspect.repair(actual, wanted).metadata.annotations).toEqual({ theirs: '1' })
  })
})

describe('a headless import', () => {
  const endpoints: RecordEndpoint[] = [
    { id: 'web-0', globalIp: EAST },
    { id: 'web-1', globalIp: '242.2.0.1' },
  ]
  const east = origin('east', [record({ type: 'Headless', endpoints })])

  test('knows each remote endpoint by its global address, if its cluster owns that', () => {
    const merged = mergedOf(directory(east))
    const [first, second] = remoteEndpoints(merged, 'west')
    expect([first?.globalIp, second?.globalIp]).toEqual([EAST, undefined])
    if (first === undefined) throw new Error('no endpoint')
    const ports = new Map(endpointPortKeys(first).map((each, at) => [each, 20_000 + at]))
    const objects = endpointObjects(first, {
      merged,
      listenPorts: ports,
      routers: ['10.0.0.5'],
      owner: OWNER,
    })
    expect(objects?.service.metadata.annotations).toEqual({
      [Annotation.globalIp]: EAST,
    })
  })

  /** Addresses of two pods in their own cluster, by host name, when other clusters are told this of them. */
  function localAddresses(told: readonly RecordEndpoint[], globalnet = true): Record<string, string> {
    const own = record({ type: 'Headless', ports: [port(80, 'http')], endpoints: [...told] })
    const pods = [0, 1].map((at) => ({ ...endpoint(`10.0.0.${at}`), hostname: `web-${at}` }))
    const slices = importSlices({
      merged: mergedOf(directory(origin('east', [own]))),
      cluster: 'east',
      listenPorts: new Map(),
      local: { service: service({ clusterIP: 'None' }), slices: [slice(pods)] },
      traffic: DEFAULT_TRAFFIC,
      routers: ['10.0.0.5'],
      owner: OWNER,
      globalnet,
    })
    const endpoints = slices.flatMap((each) => each.endpoints ?? [])
    return Object.fromEntries(endpoints.map(({ hostname, addresses: [ip] }) => [hostname, ip]))
  }

  test('has the global addresses of its own pods in their own cluster too', () => {
    expect(localAddresses([{ id: 'web-0', globalIp: EAST }])).toEqual({ 'web-0': EAST })
  })

  test('has no pod before it has a global address, not even the first', () => {
    expect(localAddresses([])).toEqual({})
  })

  test('keeps a pod at its own address that others know without a global one', () => {
    const told = [{ id: 'web-0' }, { id: 'web-1', globalIp: EAST }]
    expect(localAddresses(told)).toEqual({ 'web-0': '10.0.0.0', 'web-1': EAST })
  })

  test('of a cluster without globalnet has the addresses of the pods', () => {
    const addresses = { 'web-0': '10.0.0.0', 'web-1': '10.0.0.1' }
    expect(localAddresses([{ id: 'web-0' }, { id: 'web-1' }], false)).toEqual(addresses)
    expect(localAddresses([], false)).toEqual(addresses)
  })
})
