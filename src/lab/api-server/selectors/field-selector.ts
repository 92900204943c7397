/**
 * Field selectors: `metadata.name=x,status.phase!=Running`, for the fields a kind allows.
 */
import type { ApiObject } from '../api-object.ts'
import { badRequest } from '../errors.ts'
import type { ServedResource } from '../kinds/resource-definition.ts'

export interface FieldRequirement {
  readonly field: string
  readonly equal: boolean
  readonly value: string
  readonly read: (object: ApiObject) => string
}

/** Parses the text; throws BadRequest for syntax or a field that this kind does not offer. */
export function parseFieldSelector(text: string, served: ServedResource): FieldRequirement[] {
  return splitUnescaped(text)
    .filter((part) => part !== '')
    .map((part) => parsePart(part, text, served))
}

function parsePart(part: string, text: string, served: ServedResource): FieldRequirement {
  const match = /^(.*?)(!=|==|=)(.*)$/.exec(part)
  if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${part}'`)
  const [, field = '', operator, value = ''] = match
  const read = readerOf(field, served)
  if (read === undefined) {
    throw badRequest(whyNotOffered(field, served))
  }
  return { field, equal: operator !== '!=', value: value.replace(/\\([\\,=])/g, '$1'), read }
}

/** As kube-apiserver says it: kinds with fields of their own have another way to refuse than those with none. */
function whyNotOffered(field: string, served: ServedResource): string {
  return served.definition.strategy.fieldLabels === undefined
    ? `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`
    : `field label not supported: ${field}`
}

function splitUnescaped(text: string): string[] {
  return (text.match(/(?:\\.|[^,\\])+/g) ?? []).map((part) => part.trim())
}

function readerOf(field: string, served: ServedResource): ((object: ApiObject) => string) | undefined {
  if (field === 'metadata.name') return (object) => object.metadata.name ?? ''
  if (field === 'metadata.namespace') return (object) => object.metadata.namespace ?? ''
  return served.definition.strategy.fieldLabels?.[field]
}

/** Whether a stored object satisfies every requirement. */
export function matchesFields(requirements: readonly FieldRequirement[], object: ApiObject): boolean {
  return requirements.every(({ read, equal, value }) => (read(object) === value) === equal)
}
