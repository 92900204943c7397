/**
 * The least that makes one table another: elements and rules where the table is otherwise as it should be, else all of
 * it. Either is one transaction, and packets see the table before or after it. Pure.
 */
import type { NatChain, NatSet, NatTable } from './nat-table.ts'

/** Key and value of an element; the value of a set's element is empty. */
export type NatElement = readonly [key: string, value: string]

/** One step of a transaction. */
export type NatChange =
  | { readonly kind: 'rebuild'; readonly table: NatTable }
  | {
      readonly kind: 'add-chain' | 'rewrite-chain'
      readonly chain: string
      readonly rules: readonly string[]
    }
  | {
      readonly kind: 'delete-elements' | 'add-elements'
      readonly set: string
      readonly elements: readonly NatElement[]
    }
  | { readonly kind: 'delete-chains'; readonly chains: readonly string[] }

/** Steps in the order in which nft takes them; none when there is nothing to do. */
export type NatTransaction = readonly NatChange[]

/** From what is in force (undefined: no table) to `plan`. */
export function diffNat(inForce: NatTable | undefined, plan: NatTable): NatTransaction {
  if (inForce === undefined || !sameFrame(inForce, plan)) return [{ kind: 'rebuild', table: plan }]
  return [
    ...newChains(inForce, plan),
    ...changedElements(inForce, plan),
    ...rewrittenChains(inForce, plan),
    ...doomedChains(inForce, plan),
  ]
}

/** The same sets and hooked chains of the same types. They cannot be changed, only made anew. */
function sameFrame(inForce: NatTable, plan: NatTable): boolean {
  return (
    inForce.sets.size === plan.sets.size &&
    [...plan.sets].every(([name, set]) => sameSet(inForce.sets.get(name), set)) &&
    [...plan.chains].every(([name, { header }]) => (inForce.chains.get(name)?.header ?? '') === header)
  )
}

function sameSet(left: NatSet | undefined, right: NatSet): boolean {
  return left?.kind === right.kind && left.header === right.header
}

function newChains(inForce: NatTable, plan: NatTable): NatChange[] {
  return [...plan.chains]
    .filter(([name]) => !inForce.chains.has(name))
    .map(([name, { rules }]) => ({ kind: 'add-chain', chain: name, rules }))
}

/** Deleted first: another value of a key is another element. */
function changedElements(inForce: NatTable, plan: NatTable): NatChange[] {
  const steps = [...plan.sets].map(([name, { elements: wanted }]) => {
    const present = inForce.sets.get(name)?.elements ?? new Map<string, string>()
    return { set: name, gone: missingFrom(present, wanted), added: missingFrom(wanted, present) }
  })
  return [
    ...steps.map(({ set, gone }) => ({ kind: 'delete-elements' as const, set, elements: gone })),
    ...steps.map(({ set, added }) => ({ kind: 'add-elements' as const, set, elements: added })),
  ].filter(({ elements }) => elements.length > 0)
}

/** Elements of `from` that `other` has not, or has with another value. */
function missingFrom(from: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): NatElement[] {
  return [...from].filter(([key, value]) => other.get(key) !== value)
}

function rewrittenChains(inForce: NatTable, plan: NatTable): NatChange[] {
  return [...plan.chains].flatMap(([name, chain]) => {
    const present = inForce.chains.get(name)
    if (present === undefined || sameRules(present, chain)) return []
    return [{ kind: 'rewrite-chain' as const, chain: name, rules: chain.rules }]
  })
}

function sameRules(left: NatChain, right: NatChain): boolean {
  return left.rules.length === right.rules.length && left.rules.every((rule, at) => rule === right.rules[at])
}

/** Last, when nothing leads there any more. */
function doomedChains(inForce: NatTable, plan: NatTable): NatChange[] {
  const chains = [...inForce.chains.keys()].filter((name) => !plan.chains.has(name)).sort()
  return chains.length === 0 ? [] : [{ kind: 'delete-chains', chains }]
}
