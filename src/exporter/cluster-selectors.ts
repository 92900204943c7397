/**
 * What the annotation `fairlead.dev/cluster-selectors` of an export says. Pure.
 */
import type { ClusterSelector, PropertyRequirement } from '../api/cluster-selectors.ts'
import type { ServiceExport } from '../api/mcs.ts'
import { Annotation } from '../api/names.ts'
import { describeError } from '../core/errors.ts'
import {
  PROPERTY_MAX_VALUE,
  SELECTOR_MAX_CHARS,
  SELECTOR_MAX_REQUIREMENTS,
  SELECTOR_MAX_VALUES,
  SELECTORS_MAX,
} from './limits.ts'
import { type Fields, fault, field, list, map, object, oneOf, type Read, text } from './spec-fields.ts'

/** What the annotation says; undefined when there is none. */
export type AnnotatedSelectors =
  | { readonly kind: 'known'; readonly selectors: readonly ClusterSelector[] }
  | { readonly kind: 'unknown'; readonly message: string }

/** Reads it: a JSON list of label selectors. */
export function annotatedSelectors({ metadata }: ServiceExport): AnnotatedSelectors | undefined {
  const value = metadata.annotations?.[Annotation.clusterSelectors]
  if (value === undefined) return undefined
  try {
    return { kind: 'known', selectors: readSelectors(value) }
  } catch (error) {
    const message = `annotation ${Annotation.clusterSelectors}: ${describeError(error)}; until then all clusters are alike`
    return { kind: 'unknown', message }
  }
}

function readSelectors(json: string): ClusterSelector[] {
  if (json.length > SELECTOR_MAX_CHARS) throw fault('it', `is longer than ${SELECTOR_MAX_CHARS} characters`)
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (cause) {
    throw fault('it', `is no JSON (${describeError(cause)})`)
  }
  return list(selector, { min: 1, max: SELECTORS_MAX })(value, 'selectors')
}

/** ClusterProperties are named as Kubernetes objects are (RFC 1123 subdomain). */
const NAME = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const key = text(NAME, 'name of a ClusterProperty')
const propertyValue: Read<string> = (value, path) => {
  if (typeof value === 'string' && value.length <= PROPERTY_MAX_VALUE) return value
  throw fault(path, `is no text of at most ${PROPERTY_MAX_VALUE} characters`)
}

const selector: Read<ClusterSelector> = (value, path) => {
  const fields = known(object(value, path), ['matchLabels', 'matchExpressions'])
  const labels = field(fields, 'matchLabels', map(propertyValue, SELECTOR_MAX_REQUIREMENTS), undefined)
  for (const name of labels?.keys() ?? []) key(name, `${path}.matchLabels key "${name}"`)
  const expressions = field(
    fields,
    'matchExpressions',
    list(requirement, { min: 0, max: SELECTOR_MAX_REQUIREMENTS }),
    undefined,
  )
  return {
    ...(labels === undefined ? {} : { matchLabels: Object.fromEntries(labels) }),
    ...(expressions === undefined ? {} : { matchExpressions: expressions }),
  }
}

const requirement: Read<PropertyRequirement> = (value, path) => {
  const fields = known(object(value, path), ['key', 'operator', 'values'])
  const operator = oneOf(['In', 'NotIn', 'Exists', 'DoesNotExist'] as const)(
    fields.values['operator'],
    `${path}.operator`,
  )
  const named = { key: key(fields.values['key'], `${path}.key`), operator }
  const takesValues = operator === 'In' || operator === 'NotIn'
  const bounds = takesValues ? { min: 1, max: SELECTOR_MAX_VALUES } : { min: 0, max: 0 }
  const values = list(propertyValue, bounds)(fields.values['values'] ?? [], `${path}.values`)
  return takesValues ? { ...named, values } : named
}

/** A misspelt field would select every cluster. */
function known(fields: Fields, names: readonly string[]): Fields {
  for (const name of Object.keys(fields.values)) {
    if (!names.includes(name)) throw fault(`${fields.path}.${name}`, `is none of ${names.join(', ')}`)
  }
  return fields
}
