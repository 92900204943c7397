/**
 * The zones we answer for, with their encoded answers kept until the zones change.
 */
import type { SnapshotSource } from '../core/snapshot.ts'
import { type Answer, isWithin, type Question, Rcode, RecordType, type Zone } from './dns-records.ts'
import { CACHE_MAX_ANSWERS } from './limits.ts'
import { AnswerEncoder, type EncodedAnswer } from './message-writer.ts'
import { minimalAny } from './minimal-any.ts'
import { labelsOfKey, type Query } from './query-reader.ts'

/** Told how the cache does. */
export interface CacheHooks {
  hit(): void
  miss(): void
}

/** Finds the answer to a query. */
export class Authority {
  readonly #zones: SnapshotSource<readonly Zone[]>
  readonly #hooks: CacheHooks
  /** Type -> key of the name -> answer. */
  readonly #cache = new Map<number, Map<string, EncodedAnswer>>()
  #cached = 0
  #encoder = new AnswerEncoder()
  readonly #unsubscribe: () => void

  constructor(zones: SnapshotSource<readonly Zone[]>, hooks: CacheHooks) {
    this.#zones = zones
    this.#hooks = hooks
    this.#unsubscribe = zones.subscribe(() => this.#clear())
  }

  /** Answers kept now. */
  get cached(): number {
    return this.#cached
  }

  /** Stops following the zones. */
  close(): void {
    this.#unsubscribe()
    this.#clear()
  }

  /** The answer; undefined when the name is in no zone of ours. */
  find({ key, type }: Query): EncodedAnswer | undefined {
    const kept = this.#cache.get(type)?.get(key)
    if (kept !== undefined) {
      this.#hooks.hit()
      return kept
    }
    const question = { labels: labelsOfKey(key), type }
    const zone = this.#zoneOf(question)
    if (zone === undefined) return undefined
    this.#hooks.miss()
    const answer = this.#encoder.encode(answerOf(zone, question), question.labels)
    if (answer.rcode === Rcode.noError && answer.answers.length > 0) this.#keep(key, type, answer)
    return answer
  }

  /** The zone with the longest matching name. */
  #zoneOf({ labels }: Question): Zone | undefined {
    let found: Zone | undefined
    for (const zone of this.#zones.current()) {
      const closer = found === undefined || zone.origin.length > found.origin.length
      if (closer && isWithin(labels, zone.origin)) found = zone
    }
    return found
  }

  /** Only names with records are kept: the data bounds their number, whatever is asked. */
  #keep(key: string, type: number, answer: EncodedAnswer): void {
    if (this.#cached >= CACHE_MAX_ANSWERS) this.#clear()
    const names = this.#cache.get(type) ?? new Map<string, EncodedAnswer>()
    this.#cache.set(type, names.set(key, answer))
    this.#cached += 1
  }

  #clear(): void {
    this.#cache.clear()
    this.#cached = 0
    this.#encoder = new AnswerEncoder()
  }
}

function answerOf(zone: Zone, question: Question): Answer {
  const answer = zone.answer(question)
  return question.type === RecordType.ANY ? minimalAny(answer) : answer
}
