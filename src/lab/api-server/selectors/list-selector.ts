/**
 * The label and field selectors of one list or watch, as one predicate over stored objects.
 */
import type { ApiObject } from '../api-object.ts'
import { badRequest } from '../errors.ts'
import type { ServedResource } from '../kinds/resource-definition.ts'
import { matchesFields, parseFieldSelector } from './field-selector.ts'
import { matchesLabels, parseLabelSelector } from './label-selector.ts'

export interface ListSelector {
  /** Nothing is selected away. */
  readonly everything: boolean
  matches(object: ApiObject): boolean
}

/** Reads `labelSelector` and `fieldSelector`; `name` comes from paths such as `/pods/x?watch=true`. */
export function readSelector(query: URLSearchParams, served: ServedResource, name?: string): ListSelector {
  const labelText = query.get('labelSelector') ?? ''
  const labels = parseLabelSelector(labelText)
  if (labels === undefined) throw badRequest(`unable to parse requirement: ${labelText}`)
  const fields = parseFieldSelector(query.get('fieldSelector') ?? '', served)
  return {
    everything: labels.length === 0 && fields.length === 0 && name === undefined,
    matches: (object) =>
      (name === undefined || object.metadata.name === name) &&
      matchesLabels(labels, object.metadata.labels) &&
      matchesFields(fields, object),
  }
}
