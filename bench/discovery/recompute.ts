/** What the controller computes for one import, with its pure functions and without an API server. */
import type { ServiceImport } from '../../src/api/mcs.ts'
import { portKey } from '../../src/api/merged-ports.ts'
import type { ServiceKey } from '../../src/api/names.ts'
import type { EndpointSlice, Service } from '../../src/api/objects.ts'
import type { Directory } from '../../src/api/service-record.ts'
import { DEFAULT_TRAFFIC } from '../../src/api/traffic-settings.ts'
import { derivedService } from '../../src/exporter/derived-service.ts'
import { importObject, importStatus } from '../../src/exporter/import-object.ts'
import { importSlices } from '../../src/exporter/import-slices.ts'
import { addressRequest, servedFamilies } from '../../src/exporter/ip-families.ts'
import type { ListenPortLedger } from '../../src/exporter/listen-port-ledger.ts'
import { carriedPorts } from '../../src/exporter/listen-ports.ts'
import { wantedImport } from '../../src/exporter/remembered.ts'
import { splitKey } from '../../src/exporter/stores.ts'
import { localService, localSlice, OWN, ROUTERS } from './clusterset.ts'

/** All that one import consists of. */
export interface ImportParts {
  readonly object: ServiceImport
  readonly status: ServiceImport
  readonly service: Service | undefined
  readonly slices: readonly EndpointSlice[]
}

const NOTHING = { import: undefined, slices: [] }
const OWNER = {
  apiVersion: 'multicluster.x-k8s.io/v1beta1',
  kind: 'ServiceImport',
  name: 'owner',
  uid: 'uid',
}
const NONE: ReadonlySet<string> = new Set()
const NOW = Date.parse('2026-06-01T00:00:00Z')

/** The import of a service; undefined when nobody exports it. */
export function importParts(
  directory: Directory,
  key: ServiceKey,
  ledger: ListenPortLedger,
): ImportParts | undefined {
  const merged = wantedImport(directory, key, NOTHING)?.merged
  if (merged === undefined) return undefined
  const listenPorts = ledger.assign(key, carriedPorts(merged.ports).map(portKey))
  const addresses = addressRequest(servedFamilies(merged.ipFamilies, ROUTERS), ['10.96.0.1'])
  const service = derivedService(merged, listenPorts, OWNER, addresses)
  const object = importObject(merged, service)
  const slices = importSlices({
    merged,
    cluster: OWN,
    listenPorts,
    local: localOf(directory, key),
    traffic: DEFAULT_TRAFFIC,
    routers: ROUTERS,
    stale: NONE,
    owner: OWNER,
  })
  const facts = { statesSlices: true, stale: NONE, routers: ROUTERS }
  const status = importStatus(merged, service, object, NOW, facts)
  return { object, status, service, slices }
}

function localOf(directory: Directory, key: ServiceKey) {
  if (directory.get(OWN)?.records.has(key) !== true) return { service: undefined, slices: [] }
  const { name } = splitKey(key)
  return { service: localService(name), slices: [localSlice(name)] }
}
