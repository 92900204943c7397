/**
 * events.k8s.io/v1: what users see under `kubectl describe`. The same event repeated becomes one series with a count.
 */
import { randomBytes } from 'node:crypto'
import type { KubeObject } from '../api/objects.ts'
import { Resource } from '../api/resources.ts'
import type { Cancel, Clock } from '../core/clock.ts'
import { describeError } from '../core/errors.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import { EVENT_FLUSH_MS, EVENT_MAX_KEYS, EVENT_NOTE_MAX, EVENT_SERIES_MS, NAME_MAX } from './limits.ts'
import { microTime } from './micro-time.ts'
import type { KubeClient } from './types.ts'

export interface NewEvent {
  readonly type: 'Normal' | 'Warning'
  /** CamelCase, for programs. */
  readonly reason: string
  /** CamelCase, what was being done. */
  readonly action: string
  /** For people. */
  readonly note: string
}

export interface EventDeps {
  readonly client: Pick<KubeClient, 'create' | 'patch'>
  readonly clock: Clock
  readonly log: Logger
}

export interface EventConfig {
  /** e.g. `fairlead.dev/exporter`. */
  readonly controller: string
  /** The pod's name. */
  readonly instance: string
}

interface KubeEvent extends KubeObject, NewEvent {
  readonly eventTime: string
  readonly reportingController: string
  readonly reportingInstance: string
  readonly regarding: object
  readonly series?: { readonly count: number; readonly lastObservedTime: string }
}

interface Entry {
  readonly event: KubeEvent
  /** How often it happened, and how much of that was sent. */
  count: number
  sent: number
  created: boolean
  lastSeen: number
}

/** `record` never waits and never throws; events are written once a second, and lost when that fails. */
export class EventRecorder implements Startable {
  readonly #deps: EventDeps
  readonly #config: EventConfig
  readonly #entries = new Map<string, Entry>()
  #cancel: Cancel = () => {}
  #flushing: Promise<void> = Promise.resolve()

  constructor(deps: EventDeps, config: EventConfig) {
    this.#deps = deps
    this.#config = config
  }

  async start(): Promise<void> {
    this.#cancel = this.#deps.clock.every(EVENT_FLUSH_MS, () => {
      this.#flushing = this.#flushing.then(() => this.#flush())
    })
  }

  /** Writes what is left. */
  async stop(): Promise<void> {
    this.#cancel()
    await this.#flushing
    await this.#flush()
  }

  /** Something worth telling happened to `regarding`. */
  record(regarding: KubeObject, event: NewEvent): void {
    const now = this.#deps.clock.now()
    const key = [regarding.metadata.uid, event.type, event.reason, event.action, event.note].join(' ')
    const known = this.#entries.get(key)
    this.#entries.delete(key)
    if (known !== undefined && now - known.lastSeen < EVENT_SERIES_MS) {
      known.count += 1
      known.lastSeen = now
      this.#entries.set(key, known)
      return
    }
    this.#makeRoom()
    this.#entries.set(key, {
      event: this.#event(regarding, event, now),
      count: 1,
      sent: 0,
      created: false,
      lastSeen: now,
    })
  }

  #makeRoom(): void {
    const oldest = this.#entries.keys().next().value
    if (oldest !== undefined && this.#entries.size >= EVENT_MAX_KEYS) this.#entries.delete(oldest)
  }

  #event(regarding: KubeObject, event: NewEvent, now: number): KubeEvent {
    const { name = '', namespace, uid, resourceVersion } = regarding.metadata
    const { apiVersion, kind } = regarding
    return {
      metadata: { name: eventName(name), namespace: namespace ?? 'default' },
      ...event,
      note: shorten(event.note),
      eventTime: microTime(now),
      reportingController: this.#config.controller,
      reportingInstance: this.#config.instance,
      regarding: { apiVersion, kind, name, namespace, uid, resourceVersion },
    }
  }

  async #flush(): Promise<void> {
    for (const entry of [...this.#entries.values()]) {
      if (entry.sent >= entry.count) continue
      entry.sent = entry.count
      try {
        await this.#write(entry)
        entry.created = true
      } catch (error) {
        this.#deps.log.warn(
          { error: describeError(error), reason: entry.event.reason },
          'cannot write an event',
        )
      }
    }
  }

  async #write({ event, count, created, lastSeen }: Entry): Promise<void> {
    const series = count > 1 ? { series: { count, lastObservedTime: microTime(lastSeen) } } : {}
    const { namespace = 'default', name = '' } = event.metadata
    if (created) await this.#deps.client.patch(Resource.event, { namespace, name }, 'merge', series)
    else await this.#deps.client.create(Resource.event, { ...event, ...series })
  }
}

/** A name of its own that begins with the object's, as far as the API's limit for names lets it. */
function eventName(about: string): string {
  const suffix = `.${randomBytes(8).toString('hex')}`
  return about.slice(0, NAME_MAX - suffix.length).replace(/[-.]+$/, '') + suffix
}

/** At most the API's limit in bytes; a character cut in two becomes a replacement character, which may be 2 bytes longer. */
function shorten(note: string): string {
  const bytes = Buffer.from(note)
  return bytes.length <= EVENT_NOTE_MAX ? note : bytes.subarray(0, EVENT_NOTE_MAX - 2).toString('utf8')
}
