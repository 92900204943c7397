/**
 * Label selectors as query text (`a=b,c in (d,e),!f`) and as LabelSelector objects.
 */
import { objectsAt, stringAt, stringMapAt, stringsAt } from '../json/access.ts'

export type Operator = '=' | '!=' | 'in' | 'notin' | 'exists' | '!' | '>' | '<'

export interface Requirement {
  readonly key: string
  readonly operator: Operator
  readonly values: readonly string[]
}

export type Labels = Readonly<Record<string, string>>

const KEY = String.raw`(?:[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?`
const VALUE = '[-A-Za-z0-9_.]*'
const SET = new RegExp(String.raw`^(${KEY})\s+(in|notin)\s*\(([^()]*)\)$`)
const PAIR = new RegExp(String.raw`^(${KEY})\s*(==|=|!=|>|<)\s*(${VALUE})$`)
const PRESENCE = new RegExp(String.raw`^(!?)\s*(${KEY})$`)

/** Parses query text; undefined when it is malformed. */
export function parseLabelSelector(text: string): Requirement[] | undefined {
  const requirements: Requirement[] = []
  for (const part of splitOutsideParentheses(text)) {
    const requirement = parseRequirement(part)
    if (requirement === undefined) return undefined
    requirements.push(requirement)
  }
  return requirements
}

function parseRequirement(part: string): Requirement | undefined {
  const set = SET.exec(part)
  if (set !== null) {
    const values = (set[3] ?? '').split(',').map((value) => value.trim())
    return { key: set[1] ?? '', operator: set[2] as 'in' | 'notin', values }
  }
  const pair = PAIR.exec(part)
  if (pair !== null) {
    const operator = pair[2] === '==' ? '=' : (pair[2] as Operator)
    return { key: pair[1] ?? '', operator, values: [pair[3] ?? ''] }
  }
  const presence = PRESENCE.exec(part)
  if (presence === null) return undefined
  return { key: presence[2] ?? '', operator: presence[1] === '!' ? '!' : 'exists', values: [] }
}

function splitOutsideParentheses(text: string): string[] {
  const parts = text.match(/(?:[^,()]|\([^()]*\))+/g) ?? []
  return parts.map((part) => part.trim()).filter((part) => part !== '')
}

/** Whether labels satisfy every requirement. */
export function matchesLabels(requirements: readonly Requirement[], labels: Labels | undefined): boolean {
  return requirements.every((requirement) => matches(requirement, labels?.[requirement.key]))
}

function matches({ operator, values }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case 'exists':
      return value !== undefined
    case '!':
      return value === undefined
    case '=':
    case 'in':
      return value !== undefined && values.includes(value)
    case '!=':
    case 'notin':
      return value === undefined || !values.includes(value)
    default:
      return value !== undefined && compareIntegers(operator, value, values[0] ?? '')
  }
}

function compareIntegers(operator: '>' | '<', value: string, bound: string): boolean {
  if (!/^-?\d+$/.test(value) || !/^-?\d+$/.test(bound)) return false
  return operator === '>' ? BigInt(value) > BigInt(bound) : BigInt(value) < BigInt(bound)
}

const OPERATORS: Readonly<Record<string, Operator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
}

/** Requirements of a LabelSelector object (matchLabels, matchExpressions). */
export function fromSelectorObject(selector: unknown): Requirement[] {
  const labels = Object.entries(stringMapAt(selector, 'matchLabels'))
  const equal = labels.map(([key, value]): Requirement => ({ key, operator: '=', values: [value] }))
  const expressions = objectsAt(selector, 'matchExpressions').map(
    (expression): Requirement => ({
      key: stringAt(expression, 'key') ?? '',
      operator: OPERATORS[stringAt(expression, 'operator') ?? ''] ?? 'in',
      values: stringsAt(expression, 'values'),
    }),
  )
  return [...equal, ...expressions]
}

/** Query text of requirements, sorted by key: what scale.status.selector holds. */
export function selectorText(requirements: readonly Requirement[]): string {
  return [...requirements]
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(requirementText)
    .join(',')
}

function requirementText({ key, operator, values }: Requirement): string {
  switch (operator) {
    case 'exists':
      return key
    case '!':
      return `!${key}`
    case 'in':
    case 'notin':
      return `${key} ${operator} (${[...values].sort().join(',')})`
    default:
      return `${key}${operator}${values[0] ?? ''}`
  }
}
