/**
 * Our table in the kernel, read and written with nft(8). Knows which of the rules in force it wrote, and in which words
 * nft tells them: whatever else is there is foreign.
 */
import { readFile } from 'node:fs/promises'
import type { Logger } from '../core/log.ts'
import { type RunCommand, runCommand } from './command.ts'
import { FlowTracker } from './flow-tracker.ts'
import type { NatChange, NatTransaction } from './nat-diff.ts'
import type { NatDriver } from './nat-driver.ts'
import { CommandError, natErrorOf } from './nat-errors.ts'
import { readListing } from './nat-listing.ts'
import { NAT_TABLE, type NatChain, type NatTable } from './nat-table.ts'
import { REMOVE_TEXT, transactionText } from './nat-text.ts'
import type { StaleFlows } from './stale-flows.ts'

export interface NftDriverDeps {
  readonly log: Logger
  /** Absent: programs of this machine. */
  readonly run?: RunCommand
}

/** Names of the tables that iptables-legacy has in this network namespace. */
const LEGACY_TABLES = '/proc/self/net/ip_tables_names'

/** Rules of a chain as we wrote them, and as nft tells them. */
interface Written {
  readonly ours: readonly string[]
  readonly listed: readonly string[]
}

export class NftDriver implements NatDriver {
  readonly #run: RunCommand
  readonly #tracker: FlowTracker
  readonly #written = new Map<string, Written>()

  constructor({ run = runCommand, log }: NftDriverDeps) {
    this.#run = run
    this.#tracker = new FlowTracker({ run, log })
  }

  async read(): Promise<NatTable | undefined> {
    const table = await this.#list()
    if (table === undefined) return undefined
    const chains = [...table.chains].map(([name, chain]): [string, NatChain] => [
      name,
      this.#recognised(name, chain),
    ])
    return { sets: table.sets, chains: new Map(chains) }
  }

  async apply(changes: NatTransaction): Promise<void> {
    await this.#nft(['nft', '-f', '-'], transactionText(changes))
    const rules = changes.flatMap(rulesWritten)
    for (const chain of changes.flatMap(chainsGone)) this.#written.delete(chain)
    for (const [chain] of rules) this.#written.delete(chain)
    if (rules.length === 0) return
    const table = await this.#list()
    for (const [chain, ours] of rules) this.#remember(chain, ours, table?.chains.get(chain)?.rules)
  }

  async remove(): Promise<void> {
    this.#written.clear()
    await this.#nft(['nft', '-f', '-'], REMOVE_TEXT)
  }

  forget(flows: readonly StaleFlows[]): Promise<void> {
    return this.#tracker.forget(flows)
  }

  /** In our words when it is as we wrote it. */
  #recognised(name: string, chain: NatChain): NatChain {
    const written = this.#written.get(name)
    return written !== undefined && sameTexts(written.listed, chain.rules)
      ? { header: chain.header, rules: written.ours }
      : chain
  }

  /** What does not even have as many rules was changed by somebody in between: it is written again. */
  #remember(chain: string, ours: readonly string[], listed: readonly string[] | undefined): void {
    if (listed?.length === ours.length) this.#written.set(chain, { ours, listed })
  }

  async #list(): Promise<NatTable | undefined> {
    const text = await this.#nft(['nft', '-j', 'list', 'table', 'ip', NAT_TABLE], '', isNoTable)
    return text === undefined ? undefined : readListing(text)
  }

  /** Undefined when it failed in a way that is `expected`. */
  async #nft(
    command: readonly [string, ...string[]],
    input: string,
    expected: (error: unknown) => boolean = () => false,
  ): Promise<string | undefined> {
    try {
      return await this.#run(command, input)
    } catch (error) {
      if (expected(error)) return undefined
      throw natErrorOf(error, await legacyTables())
    }
  }
}

function rulesWritten(change: NatChange): (readonly [string, readonly string[]])[] {
  if (change.kind === 'rebuild')
    return [...change.table.chains].map(([name, { rules }]) => [name, rules] as const)
  return change.kind === 'add-chain' || change.kind === 'rewrite-chain' ? [[change.chain, change.rules]] : []
}

function chainsGone(change: NatChange): readonly string[] {
  return change.kind === 'delete-chains' ? change.chains : []
}

function isNoTable(error: unknown): boolean {
  return error instanceof CommandError && error.stderr.includes('No such file or directory')
}

async function legacyTables(): Promise<string[]> {
  try {
    return (await readFile(LEGACY_TABLES, 'utf8')).split('\n').filter((name) => name !== '')
  } catch {
    return []
  }
}

function sameTexts(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((text, at) => text === right[at])
}
