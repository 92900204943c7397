/**
 * The time during which this replica leads: begins when it is elected and its stores are synced, ends once.
 */
import { FairleadError } from '../core/errors.ts'
import { type Startable, unlessAborted } from '../core/lifecycle.ts'
import { ExportController, type ExportControllerDeps } from './export-controller.ts'
import { allSynced } from './stores.ts'

/** Another replica may write by now: this process has to end. */
export class LeadershipLostError extends FairleadError {
  override readonly name = 'LeadershipLostError'

  constructor() {
    super('leadership-lost', 'the lease was lost: another controller may lead now', { retryable: true })
  }
}

export interface LeadershipDeps extends ExportControllerDeps {
  /** Resolves when it is known who this cluster is: with the first certificate. */
  readonly member: Promise<unknown>
  /** Told of what cannot be recovered from. */
  readonly fail: (error: unknown) => void
}

export interface LeadershipConfig {
  /** This cluster's id; asked for when leading begins. */
  readonly cluster: () => string
  readonly namespace: string
  readonly staleAfterMs?: number
}

/** Followers have one that has not begun. */
export class Leadership implements Startable {
  readonly #deps: LeadershipDeps
  readonly #config: LeadershipConfig
  readonly #stopping = new AbortController()
  #controller: ExportController | undefined
  #beginning: Promise<void> = Promise.resolve()

  constructor(deps: LeadershipDeps, config: LeadershipConfig) {
    this.#deps = deps
    this.#config = config
  }

  /** Numbers for /metrics; undefined while not leading. */
  get figures(): ExportController['figures'] | undefined {
    return this.#controller?.figures
  }

  /** This replica was elected. */
  begin(): void {
    this.#beginning = this.#begin()
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#beginning
    await this.#controller?.stop()
  }

  async #begin(): Promise<void> {
    const { signal } = this.#stopping
    try {
      await allSynced(this.#deps.stores, signal)
      await this.#deps.globalnet?.whenSynced(signal)
      await unlessAborted(this.#deps.member, signal)
      const config = { ...this.#config, cluster: this.#config.cluster() }
      this.#controller = new ExportController(this.#deps, config)
      await this.#controller.start()
    } catch (error) {
      if (!signal.aborted) this.#deps.fail(error)
    }
  }
}
