/**
 * The time during which this replica keeps the cluster's certificates: from its election on.
 */
import type { Startable } from '../core/lifecycle.ts'
import { TrustTerm, type TrustTermConfig, type TrustTermDeps } from './trust-term.ts'

/** Followers have one that has not begun. */
export class TrustLead implements Startable {
  readonly #deps: TrustTermDeps
  readonly #config: TrustTermConfig
  #term: TrustTerm | undefined
  #beginning: Promise<void> = Promise.resolve()

  constructor(deps: TrustTermDeps, config: TrustTermConfig) {
    this.#deps = deps
    this.#config = config
  }

  /** This replica was elected. */
  begin(): void {
    this.#term = new TrustTerm(this.#deps, this.#config)
    this.#beginning = this.#term.start()
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {
    await this.#beginning
    await this.#term?.stop()
  }
}
