/** nftables without a kernel: a table as transactions change it, refusing what nft would refuse, and a driver of it. */
import type { NatChange, NatTransaction } from '../../src/globalnet/nat-diff.ts'
import type { NatDriver } from '../../src/globalnet/nat-driver.ts'
import type { NatChain, NatSet, NatTable } from '../../src/globalnet/nat-table.ts'
import type { StaleFlows } from '../../src/globalnet/stale-flows.ts'

/** The table after a transaction. Throws where nft would. */
export function applyChanges(before: NatTable | undefined, changes: NatTransaction): NatTable {
  let table = before
  for (const change of changes) table = applyChange(table, change)
  if (table === undefined) throw new Error('there is no table')
  for (const target of targetsIn(table)) if (!table.chains.has(target)) throw new Error(`no chain ${target}`)
  return table
}

function applyChange(before: NatTable | undefined, change: NatChange): NatTable {
  if (change.kind === 'rebuild') return change.table
  if (before === undefined) throw new Error('there is no table')
  const sets = new Map(before.sets)
  const chains = new Map(before.chains)
  if ('set' in change) changeElements(sets, change)
  else if (change.kind === 'delete-chains') for (const name of change.chains) chains.delete(name)
  else changeRules(chains, change)
  return { sets, chains }
}

function changeElements(
  sets: Map<string, NatSet>,
  change: Extract<NatChange, { kind: 'add-elements' | 'delete-elements' }>,
): void {
  const set = sets.get(change.set)
  if (set === undefined) throw new Error(`no set ${change.set}`)
  const elements = new Map(set.elements)
  for (const [key, value] of change.elements) {
    const isThere = elements.has(key)
    if (isThere === (change.kind === 'add-elements')) throw new Error(`${change.kind} ${change.set} ${key}`)
    if (isThere) elements.delete(key)
    else elements.set(key, value)
  }
  sets.set(change.set, { ...set, elements })
}

function changeRules(
  chains: Map<string, NatChain>,
  { kind, chain, rules }: Extract<NatChange, { kind: 'add-chain' | 'rewrite-chain' }>,
): void {
  const present = chains.get(chain)
  if ((present === undefined) !== (kind === 'add-chain')) throw new Error(`${kind} ${chain}`)
  chains.set(chain, { header: present?.header ?? '', rules })
}

/** Chains that rules and elements lead to. */
function targetsIn({ sets, chains }: NatTable): string[] {
  const texts = [
    ...[...sets.values()].flatMap(({ elements }) => [...elements.values()]),
    ...[...chains.values()].flatMap(({ rules }) => rules),
  ]
  return texts.flatMap((text) => [...text.matchAll(/\b(?:goto|jump) (\S+)/g)].map(([, name = '']) => name))
}

/** A driver of a table in memory. Tests change `table` as somebody on the node would, and set `failure`. */
export class FakeNatDriver implements NatDriver {
  table: NatTable | undefined
  failure: Error | undefined
  readonly transactions: NatTransaction[] = []
  readonly forgotten: StaleFlows[] = []
  reads = 0
  /** Awaited by each apply, when it is set. */
  gate: Promise<void> | undefined

  async read(): Promise<NatTable | undefined> {
    this.reads += 1
    if (this.failure !== undefined) throw this.failure
    return this.table
  }

  async apply(changes: NatTransaction): Promise<void> {
    await this.gate
    if (this.failure !== undefined) throw this.failure
    this.table = applyChanges(this.table, changes)
    this.transactions.push(changes)
  }

  async remove(): Promise<void> {
    this.table = undefined
  }

  async forget(flows: readonly StaleFlows[]): Promise<void> {
    this.forgotten.push(...flows)
  }
}
