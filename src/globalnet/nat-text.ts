/**
 * Tables and transactions as nft reads them. Pure.
 */
import type { NatChange, NatElement, NatTransaction } from './nat-diff.ts'
import { ELEMENTS_PER_COMMAND } from './nat-limits.ts'
import { NAT_TABLE, type NatTable } from './nat-table.ts'

/** Makes sure that there is no table, whether there is one or not. */
export const REMOVE_TEXT = `table ip ${NAT_TABLE}\ndelete table ip ${NAT_TABLE}\n`

/** All commands of a transaction; nft takes all of them or none. */
export function transactionText(changes: NatTransaction): string {
  return changes.map(changeText).join('')
}

function changeText(change: NatChange): string {
  switch (change.kind) {
    case 'rebuild':
      return `${REMOVE_TEXT}${tableText(change.table)}`
    case 'add-chain':
      return `add chain ip ${NAT_TABLE} ${change.chain}\n${rulesText(change.chain, change.rules)}`
    case 'rewrite-chain':
      return `flush chain ip ${NAT_TABLE} ${change.chain}\n${rulesText(change.chain, change.rules)}`
    case 'delete-chains':
      return [
        ...change.chains.map((name) => `flush chain ip ${NAT_TABLE} ${name}\n`),
        ...change.chains.map((name) => `delete chain ip ${NAT_TABLE} ${name}\n`),
      ].join('')
    default:
      return elementsText(change)
  }
}

/** The whole table. Chains come before the elements that lead to them, and before the rules that do. */
export function tableText({ sets, chains }: NatTable): string {
  const lines = [`table ip ${NAT_TABLE} {`]
  for (const [name, { kind, header }] of sets) lines.push(`  ${kind} ${name} { ${header} }`)
  for (const [name, { header }] of chains) lines.push(`  chain ${name} { ${header} }`)
  for (const [name, { rules }] of chains) {
    if (rules.length > 0) lines.push(`  chain ${name} {`, ...rules.map((rule) => `    ${rule}`), '  }')
  }
  const elements = [...sets].flatMap(([set, each]) =>
    elementsText({ kind: 'add-elements', set, elements: [...each.elements] }),
  )
  return `${lines.join('\n')}\n}\n${elements.join('')}`
}

function rulesText(chain: string, rules: readonly string[]): string {
  return rules.map((rule) => `add rule ip ${NAT_TABLE} ${chain} ${rule}\n`).join('')
}

function elementsText({
  kind,
  set,
  elements,
}: Extract<NatChange, { kind: 'add-elements' | 'delete-elements' }>): string {
  const isAdded = kind === 'add-elements'
  const commands: string[] = []
  for (let from = 0; from < elements.length; from += ELEMENTS_PER_COMMAND) {
    const part = elements.slice(from, from + ELEMENTS_PER_COMMAND)
    const list = part.map((element) => elementText(element, isAdded)).join(', ')
    commands.push(`${isAdded ? 'add' : 'delete'} element ip ${NAT_TABLE} ${set} { ${list} }\n`)
  }
  return commands.join('')
}

function elementText([key, value]: NatElement, isAdded: boolean): string {
  return isAdded && value !== '' ? `${key} : ${value}` : key
}
