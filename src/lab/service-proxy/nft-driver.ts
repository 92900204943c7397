/** Puts service tables into force with nft(8), and forgets UDP flows that point elsewhere with conntrack(8) where there is one. */
import type { Logger } from '../../core/log.ts'
import { run } from '../command.ts'
import { CommandError } from '../errors.ts'
import { systemEnv } from '../system-env.ts'
import { MAX_STALE_FLOWS } from './limits.ts'
import { type NamedObjects, type NftRulesConfig, nftTransaction } from './nft-rules.ts'
import type { TableDriver } from './service-proxy.ts'
import type { ServiceTable } from './service-table.ts'
import { conntrackArguments, staleFlows } from './stale-flows.ts'

export interface NftDriverDeps {
  readonly log: Logger
}

export class NftDriver implements TableDriver {
  readonly #log: Logger
  readonly #families: readonly NftRulesConfig[]
  /** In the order of the families. */
  #objects: readonly NamedObjects[] = []
  #table: ServiceTable = []
  #hasConntrack = true

  /** `families`: those that the node has. */
  constructor(deps: NftDriverDeps, families: readonly NftRulesConfig[]) {
    this.#log = deps.log
    this.#families = families
  }

  async apply(table: ServiceTable): Promise<void> {
    const changes = this.#families.map((family, index) => nftTransaction(table, family, this.#objects[index]))
    // After a refusal nothing is known of what is there: the next transaction starts from nothing.
    this.#objects = []
    await run(['nft', '-f', '-'], { input: changes.map(({ text }) => text).join(''), env: systemEnv() })
    this.#objects = changes.map(({ objects }) => objects)
    const stale = staleFlows(this.#table, table).slice(0, MAX_STALE_FLOWS)
    this.#table = table
    for (const flows of stale) await this.#forget(conntrackArguments(flows))
  }

  async #forget(args: readonly string[]): Promise<void> {
    if (!this.#hasConntrack) return
    try {
      await run(['conntrack', ...args], { env: systemEnv() })
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      if (error.exitCode === undefined) {
        this.#hasConntrack = false
        this.#log.info(
          {},
          'conntrack is not installed: UDP clients of removed endpoints wait for their flow to time out',
        )
      }
      // Exit code 1 says that there was no such flow.
    }
  }
}
