/**
 * What every write does to a draft before it is stored: defaults, and validation by schema and by kind.
 */
import type { ApiObject } from '../api-object.ts'
import { invalid } from '../errors.ts'
import type { ServedResource } from '../kinds/resource-definition.ts'
import { resolveReference } from '../openapi/catalog.ts'
import { OPEN } from '../openapi/schema.ts'
import { checkRequired } from '../validation/builtin-required.ts'
import type { FieldError } from '../validation/field-error.ts'
import { checkMetaUpdate, checkObjectMeta } from '../validation/object-meta.ts'
import { applyDefaults } from '../validation/schema-defaults.ts'
import { validateSchema } from '../validation/structural.ts'
import { type ApiDeps, kindName, strategyContext, type WriteOptions } from './deps.ts'

const EMPTY_WHEN_ABSENT = ['labels', 'annotations', 'ownerReferences', 'finalizers'] as const

/** Fills defaults in place, and drops what is empty of the metadata, as Kubernetes does when it writes objects down. */
export function fillObject(served: ServedResource, draft: ApiObject): void {
  for (const field of EMPTY_WHEN_ABSENT) {
    if (Object.keys(draft.metadata[field] ?? {}).length === 0) delete draft.metadata[field]
  }
  if (!served.definition.builtin && served.version.schema !== undefined) {
    applyDefaults(served.version.schema, draft, resolveReference)
  }
  served.definition.strategy.defaults?.(draft)
}

/** Throws Invalid when the draft, or the change from `current` to it, breaks a rule. */
export function validateObject(
  deps: ApiDeps,
  served: ServedResource,
  draft: ApiObject,
  current: ApiObject | undefined,
  options: WriteOptions,
): void {
  const { definition } = served
  const faults: FieldError[] = [
    ...checkObjectMeta(definition, draft),
    ...checkSchema(served, draft),
    ...(definition.strategy.validate?.(draft, strategyContext(deps, options)) ?? []),
  ]
  if (current !== undefined) {
    faults.push(
      ...checkMetaUpdate(draft, current),
      ...(definition.strategy.validateUpdate?.(draft, current) ?? []),
    )
  }
  if (faults.length > 0) throw invalid(kindName(served), draft.metadata.name ?? '', faults)
}

function checkSchema(served: ServedResource, draft: ApiObject): FieldError[] {
  const schema = served.version.schema ?? OPEN
  if (served.definition.builtin) return checkRequired(schema, draft, resolveReference)
  const { metadata: _, ...rest } = draft
  return validateSchema(schema, rest, '', resolveReference)
}
