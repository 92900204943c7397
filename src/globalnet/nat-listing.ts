/**
 * Reads what `nft -j list table` prints. Rules stay in nft's own words, as text that never equals one of ours: the driver
 * knows which of them it wrote. Pure.
 */
import { NAT_TABLE, type NatSet, type NatTable } from './nat-table.ts'

type Json = string | number | boolean | null | Json[] | { [key: string]: Json }
type JsonObject = { [key: string]: Json }

interface Listed {
  readonly sets: Map<string, NatSet>
  readonly chains: Map<string, { header: string; rules: string[] }>
}

/** The table that a listing tells. */
export function readListing(text: string): NatTable {
  const listed: Listed = { sets: new Map(), chains: new Map() }
  for (const entry of entriesOf(text)) readEntry(entry, listed)
  return listed
}

/** nft 1.0.6 writes broken JSON of a table with flags, which ours has none of: it is told as a table that is not ours. */
function entriesOf(text: string): JsonObject[] {
  let parsed: Json
  try {
    parsed = JSON.parse(text)
  } catch {
    return [{ unreadable: { name: NAT_TABLE } }]
  }
  const list = isObject(parsed) ? parsed['nftables'] : undefined
  return Array.isArray(list) ? list.filter(isObject) : [{ unreadable: { name: NAT_TABLE } }]
}

/** What is in the table and no set, chain or rule, counts as a set: one that is not wanted. */
function readEntry(entry: JsonObject, listed: Listed): void {
  for (const [kind, body] of Object.entries(entry)) {
    if (kind === 'metainfo' || !isObject(body)) continue
    const name = String(body['name'])
    if (kind === 'set' || kind === 'map') listed.sets.set(name, readSet(kind, body))
    else if (kind === 'chain') listed.chains.set(name, { header: chainHeader(body), rules: [] })
    else if (kind === 'rule') listed.chains.get(String(body['chain']))?.rules.push(ruleText(body))
    else if (kind !== 'table' || isOdd(body))
      listed.sets.set(`${kind} ${name}`, { kind: 'set', header: JSON.stringify(body), elements: new Map() })
  }
}

/** A table that is dormant, or owned by a program that is connected. */
function isOdd(table: JsonObject): boolean {
  return table['name'] !== NAT_TABLE || table['flags'] !== undefined
}

const SET_WORDS = new Set(['family', 'name', 'table', 'type', 'handle', 'map', 'flags', 'elem'])

function readSet(kind: 'set' | 'map', body: JsonObject): NatSet {
  const type = listOf(body['type']).join(' . ')
  const value = kind === 'map' ? ` : ${listOf(body['map']).join(' . ')}` : ''
  const flags = body['flags'] === undefined ? '' : ` flags ${listOf(body['flags']).join(',')};`
  const others = Object.entries(body).filter(([word]) => !SET_WORDS.has(word))
  const rest = others.length === 0 ? '' : ` ${JSON.stringify(others)}`
  const elements = listOf(body['elem']).map((element) => readElement(kind, element))
  return { kind, header: `type ${type}${value};${flags}${rest}`, elements: new Map(elements) }
}

/** An element of a map is a pair. */
function readElement(kind: 'set' | 'map', element: Json): [string, string] {
  if (kind === 'set') return withoutExtras(element, '')
  const [key = null, value = null] = listOf(element)
  return withoutExtras(key, valueText(value))
}

/** An element with a comment or a time-out is another one than ours of that key. */
function withoutExtras(key: Json, value: string): [string, string] {
  const wrapped = isObject(key) ? key['elem'] : undefined
  if (!isObject(wrapped)) return [valueText(key), value]
  return [valueText(wrapped['val'] ?? null), JSON.stringify(wrapped)]
}

function valueText(value: Json): string {
  if (typeof value === 'string' || typeof value === 'number') return String(value)
  if (!isObject(value)) return JSON.stringify(value)
  const { concat, range, prefix, goto } = value
  if (Array.isArray(concat))
    return concat.map((part, at) => (at === 0 ? protocolText(part) : valueText(part))).join(' . ')
  if (Array.isArray(range)) return range.map(valueText).join('-')
  if (isObject(prefix)) return `${prefix['addr']}/${prefix['len']}`
  if (isObject(goto)) return `goto ${goto['target']}`
  return JSON.stringify(value)
}

/** Without /etc/protocols, which small images lack, nft prints numbers. */
function protocolText(part: Json): string {
  if (part === 6) return 'tcp'
  return part === 17 ? 'udp' : valueText(part)
}

function chainHeader({ type, hook, prio, policy, dev }: JsonObject): string {
  if (hook === undefined) return ''
  const device = dev === undefined ? '' : ` device ${JSON.stringify(dev)}`
  return `type ${type} hook ${hook}${device} priority ${prio}; policy ${policy};`
}

function ruleText({ expr = null, comment = null }: JsonObject): string {
  return JSON.stringify({ expr, comment })
}

function listOf(value: Json | undefined): Json[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value]
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
