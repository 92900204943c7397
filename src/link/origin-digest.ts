/**
 * What a cluster signs of all that it tells: its version, and a hash of each of its records and of its facts. Made of
 * values, so that it is the same wherever and however a state was put together.
 */
import { hash } from 'node:crypto'
import type { ServiceKey } from '../api/names.ts'
import type { OriginState, ServiceRecord } from '../api/service-record.ts'
import { canonicalJson } from '../core/canonical-json.ts'

/** Hashes each record once, for as long as it is held: a change costs the hash of one record and one over the list. */
export class OriginDigest {
  readonly #hashes = new WeakMap<ServiceRecord, string>()

  /** The bytes to be signed. The length of each part is fixed or stands before it, so that no two states share them. */
  of(clusterset: string, { cluster, epoch, sequence, records, facts }: OriginState): Buffer {
    const parts = [clusterset, cluster, epoch, sequence, this.#ofRecords(records), ofValue(facts ?? {})]
    return Buffer.from(JSON.stringify(parts))
  }

  #ofRecords(records: OriginState['records']): string {
    const list = [...records.keys()].sort()
    return sha256(list.map((key) => `${key} ${this.#ofRecord(key, records)}\n`).join(''))
  }

  #ofRecord(key: ServiceKey, records: OriginState['records']): string {
    const record = records.get(key)
    if (record === undefined) return ''
    const known = this.#hashes.get(record)
    if (known !== undefined) return known
    const made = ofValue(record)
    this.#hashes.set(record, made)
    return made
  }
}

function ofValue(value: object): string {
  return sha256(canonicalJson(value))
}

function sha256(text: string): string {
  return hash('sha256', text, 'base64')
}
