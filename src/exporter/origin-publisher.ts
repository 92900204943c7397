/**
 * Publishes this cluster's records to the router, as versions that replace each other.
 */
import type { ServiceKey } from '../api/names.ts'
import type { ClusterFacts, OriginState, ServiceRecord } from '../api/service-record.ts'
import type { Clock } from '../core/clock.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import { Snapshot, type SnapshotSource } from '../core/snapshot.ts'
import type { DirectoryLink, OriginConfirmation } from './directory-link.ts'
import { EPOCH_AHEAD_MAX_MS, ORIGIN_MAX_RECORDS, UNCONFIRMED_MAX } from './limits.ts'

type Records = ReadonlyMap<ServiceKey, ServiceRecord>

export interface PublisherDeps {
  readonly link: Pick<DirectoryLink, 'directory' | 'confirmed' | 'outdone' | 'certificate' | 'publish'>
  readonly records: SnapshotSource<Records>
  readonly facts: SnapshotSource<ClusterFacts>
  readonly clock: Pick<Clock, 'now'>
  readonly log: Logger
}

/** Only the leader may have one that is started. */
export class OriginPublisher implements Startable {
  readonly #deps: PublisherDeps
  readonly #cluster: string
  readonly #published = new Snapshot<Records>(new Map())
  /** Sent and not confirmed, oldest first; what a newer confirmation covers is dropped. */
  #sent: OriginState[] = []
  #epoch = 0
  #sequence = 0
  #unfollow: (() => void)[] = []

  constructor(deps: PublisherDeps, cluster: string) {
    this.#deps = deps
    this.#cluster = cluster
  }

  /** The records that the router has confirmed. */
  get published(): SnapshotSource<Records> {
    return this.#published
  }

  async start(): Promise<void> {
    const { link, records, facts } = this.#deps
    this.#startEpoch()
    this.#unfollow = [
      records.subscribe(() => this.#publish()),
      facts.subscribe(() => this.#publish()),
      link.directory.subscribe(() => this.#outdo()),
      link.outdone.subscribe(() => this.#outdo()),
      link.certificate.subscribe(() => this.#publish()),
      link.confirmed.subscribe((confirmation) => this.#confirm(confirmation)),
    ]
    this.#publish()
  }

  async stop(): Promise<void> {
    for (const unfollow of this.#unfollow) unfollow()
    this.#unfollow = []
  }

  /** Later than all that this cluster's controllers published before, even where the clock was set back. */
  #startEpoch(): void {
    this.#epoch = Math.max(this.#deps.clock.now(), this.#known() + 1, this.#epoch + 1)
    this.#sequence = 0
  }

  /** The network remembers a newer state of ours than we publish, so ours would be ignored. */
  #outdo(): void {
    const known = this.#known()
    if (known <= this.#epoch) return
    this.#deps.log.warn({ epoch: this.#epoch, known }, 'starting a new epoch')
    this.#startEpoch()
    this.#publish()
  }

  /** The latest epoch of ours that anybody holds. One that no clock of ours can have told is not believed. */
  #known(): number {
    const { link, clock } = this.#deps
    const told = link.outdone.current()
    const outdone = told <= clock.now() + EPOCH_AHEAD_MAX_MS ? told : 0
    return Math.max(outdone, link.directory.current().get(this.#cluster)?.epoch ?? 0)
  }

  #publish(): void {
    const records = bounded(this.#deps.records.current())
    this.#sequence += 1
    const facts = this.#deps.facts.current()
    const state = { cluster: this.#cluster, epoch: this.#epoch, sequence: this.#sequence, records, facts }
    this.#sent = [...this.#sent.slice(1 - UNCONFIRMED_MAX), state]
    this.#deps.link.publish(state)
  }

  #confirm(confirmation: OriginConfirmation | undefined): void {
    if (confirmation?.epoch !== this.#epoch) return
    const covered = this.#sent.findLast((state) => isCovered(state, confirmation))
    if (covered === undefined) return
    this.#sent = this.#sent.filter((state) => !isCovered(state, confirmation))
    this.#published.set(covered.records)
  }
}

function isCovered(state: OriginState, confirmation: OriginConfirmation): boolean {
  return state.epoch === confirmation.epoch && state.sequence <= confirmation.sequence
}

/** Exports over the bound stay unpublished: the youngest, so that nobody's new export drives out another's. */
function bounded(records: Records): Records {
  if (records.size <= ORIGIN_MAX_RECORDS) return records
  const age = ([key, record]: [ServiceKey, ServiceRecord]) => `${record.exportedAt} ${key}`
  return new Map([...records].sort(byText(age)).slice(0, ORIGIN_MAX_RECORDS))
}

function byText<T>(textOf: (item: T) => string): (left: T, right: T) => number {
  return (left, right) => (textOf(left) < textOf(right) ? -1 : 1)
}
