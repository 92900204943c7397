/**
 * The records of this cluster's exports with their global addresses. With globalnet an export without one is held back, and
 * so is an endpoint: others would learn an address of it that is about to change. What they know already is not taken
 * from them, though: where globalnet is turned on, or its block is lost, they go on without an address for a moment.
 */
import type { ExportCandidate, GlobalAddresses } from '../api/globalnet-feed.ts'
import { type ServiceKey, serviceKey } from '../api/names.ts'
import type { RecordEndpoint, ServiceRecord } from '../api/service-record.ts'
import { sameValue } from '../core/compare.ts'
import type { Startable } from '../core/lifecycle.ts'
import { Snapshot, type SnapshotSource } from '../core/snapshot.ts'
import { type Coalesced, coalesce } from './coalesce.ts'

type Records = ReadonlyMap<ServiceKey, ServiceRecord>

/** The record as others are told it; undefined while it has no address. `before` is what they were told last. Pure. */
export function addressedRecord(
  record: ServiceRecord,
  addresses: GlobalAddresses,
  before?: ServiceRecord,
): ServiceRecord | undefined {
  const key = serviceKey(record.namespace, record.name)
  if (record.type === 'Headless')
    return { ...record, endpoints: addressedEndpoints(key, record, addresses, before) }
  const globalIp = addresses.addressOf(key)
  if (globalIp !== undefined) return { ...record, globalIp }
  return before === undefined ? undefined : record
}

function addressedEndpoints(
  key: ServiceKey,
  { endpoints = [] }: ServiceRecord,
  addresses: GlobalAddresses,
  before: ServiceRecord | undefined,
): RecordEndpoint[] {
  const told = new Set(before?.endpoints?.map(({ id }) => id))
  return endpoints.flatMap((endpoint) => {
    const globalIp = addresses.addressOf(key, endpoint.id)
    if (globalIp !== undefined) return [{ ...endpoint, globalIp }]
    return told.has(endpoint.id) ? [endpoint] : []
  })
}

export interface AddressedRecordsDeps {
  readonly candidates: SnapshotSource<ReadonlyMap<ServiceKey, ExportCandidate>>
  /** Undefined while globalnet is off. */
  readonly addresses: SnapshotSource<GlobalAddresses | undefined>
  /** While true nothing is told. Absent: never. */
  readonly leaving?: SnapshotSource<boolean>
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
    const { candidates, addresses, leaving } = this.#deps
    this.#unfollow = [
      candidates.subscribe(() => this.#update()),
      addresses.subscribe(() => this.#refresh.request()),
      leaving?.subscribe(() => this.#update()) ?? (() => {}),
    ]
    this.#update()
  }

  async stop(): Promise<void> {
    this.#refresh.cancel()
    for (const unfollow of this.#unfollow) unfollow()
    this.#unfollow = []
  }

  #candidates(): ReadonlyMap<ServiceKey, ExportCandidate> {
    return this.#deps.leaving?.current() === true ? new Map() : this.#deps.candidates.current()
  }

  #update(): void {
    const addresses = this.#deps.addresses.current()
    const before = this.#current.current()
    const after = new Map<ServiceKey, ServiceRecord>()
    let changed = false
    for (const [key, { record }] of this.#candidates()) {
      const known = before.get(key)
      const next = addresses === undefined ? record : addressedRecord(record, addresses, known)
      if (next === undefined) continue
      const isSame = next === known || sameValue(next, known)
      after.set(key, isSame && known !== undefined ? known : next)
      changed ||= !isSame
    }
    if (changed || after.size !== before.size) this.#current.set(after)
  }
}
