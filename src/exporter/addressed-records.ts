/**
 * The records of this cluster's exports with their global addresses. With globalnet an export without one is held back, and
 * so is an endpoint: others would learn an address of it that is about to change.
 */
import type { ExportCandidate, GlobalAddresses } from '../api/globalnet-feed.ts'
import { type ServiceKey, serviceKey } from '../api/names.ts'
import type { RecordEndpoint, ServiceRecord } from '../api/service-record.ts'
import { sameValue } from '../core/compare.ts'
import type { Startable } from '../core/lifecycle.ts'
import { Snapshot, type SnapshotSource } from '../core/snapshot.ts'
import { type Coalesced, coalesce } from './coalesce.ts'

type Records = ReadonlyMap<ServiceKey, ServiceRecord>

/** The record as others are told it; undefined while it has no address. Pure. */
export function addressedRecord(
  record: ServiceRecord,
  addresses: GlobalAddresses,
): ServiceRecord | undefined {
  const key = serviceKey(record.namespace, record.name)
  if (record.type === 'Headless') return { ...record, endpoints: addressedEndpoints(key, record, addresses) }
  const globalIp = addresses.addressOf(key)
  return globalIp === undefined ? undefined : { ...record, globalIp }
}

function addressedEndpoints(
  key: ServiceKey,
  { endpoints = [] }: ServiceRecord,
  addresses: GlobalAddresses,
): RecordEndpoint[] {
  return endpoints.flatMap((endpoint) => {
    const globalIp = addresses.addressOf(key, endpoint.id)
    return globalIp === undefined ? [] : [{ ...endpoint, globalIp }]
  })
}

export interface AddressedRecordsDeps {
  readonly candidates: SnapshotSource<ReadonlyMap<ServiceKey, ExportCandidate>>
  /** Undefined while globalnet is off. */
  readonly addresses: SnapshotSource<GlobalAddresses | undefined>
}

/** Records that stay the same keep their identity. */
export class AddressedRecords implements Startable {
  readonly #deps: AddressedRecordsDeps
  readonly #current = new Snapshot<Records>(new Map())
  readonly #refresh: Coalesced
  #unfollow: (() => void)[] = []

  constructor(deps: AddressedRecordsDeps) {
    this.#deps = deps
    this.#refresh = coalesce(() => this.#update())
  }

  get values(): SnapshotSource<Records> {
    return this.#current
  }

  async start(): Promise<void> {
    const { candidates, addresses } = this.#deps
    this.#unfollow = [
      candidates.subscribe(() => this.#update()),
      addresses.subscribe(() => this.#refresh.request()),
    ]
    this.#update()
  }

  async stop(): Promise<void> {
    this.#refresh.cancel()
    for (const unfollow of this.#unfollow) unfollow()
    this.#unfollow = []
  }

  #update(): void {
    const addresses = this.#deps.addresses.current()
    const before = this.#current.current()
    const after = new Map<ServiceKey, ServiceRecord>()
    let changed = false
    for (const [key, { record }] of this.#deps.candidates.current()) {
      const next = addresses === undefined ? record : addressedRecord(record, addresses)
      if (next === undefined) continue
      const known = before.get(key)
      const isSame = next === known || sameValue(next, known)
      after.set(key, isSame && known !== undefined ? known : next)
      changed ||= !isSame
    }
    if (changed || after.size !== before.size) this.#current.set(after)
  }
}
