/**
 * The one nftables table of the agent as a value: what is wanted and what is in force are both told in it, so that they
 * can be compared. Pure.
 */

/** Name of our table, of family ip. The tables of others are never touched. */
export const NAT_TABLE = 'fairlead'

/** A named set or map. */
export interface NatSet {
  readonly kind: 'set' | 'map'
  /** As nft writes it after the name, such as `type ipv4_addr; flags interval;`. */
  readonly header: string
  /** By key, as nft writes both; the value of a set's element is empty. */
  readonly elements: ReadonlyMap<string, string>
}

export interface NatChain {
  /** As nft writes it, such as `type nat hook input priority 95; policy accept;`. Empty for a chain that no hook calls. */
  readonly header: string
  /** A rule in force that we did not write is there in words that we never use. */
  readonly rules: readonly string[]
}

export interface NatTable {
  readonly sets: ReadonlyMap<string, NatSet>
  readonly chains: ReadonlyMap<string, NatChain>
}

/** What is counted of a table. */
export function sizeOfTable({ sets, chains }: NatTable): { elements: number; rules: number } {
  let elements = 0
  let rules = 0
  for (const set of sets.values()) elements += set.elements.size
  for (const chain of chains.values()) rules += chain.rules.length
  return { elements, rules }
}
