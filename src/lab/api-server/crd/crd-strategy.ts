/**
 * Rules of CustomResourceDefinitions: names and conditions are settled at once, schemas must be structural.
 */
import type { ApiObject } from '../api-object.ts'
import { timestamp } from '../api-object.ts'
import {
  arrayAt,
  type JsonObject,
  objectAt,
  objectsAt,
  stringAt,
  stringsAt,
  valueAt,
} from '../json/access.ts'
import type { KindRegistry } from '../kinds/registry.ts'
import type { Strategy } from '../kinds/resource-definition.ts'
import { type FieldError, invalidValue, notSupported, required } from '../validation/field-error.ts'
import { checkStructural } from './structural-rules.ts'

/** Holds a CRD until its objects are gone. */
export const CRD_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io'

export const CRD_BUCKET = 'apiextensions.k8s.io/customresourcedefinitions'

export function crdStrategy(kinds: () => KindRegistry): Strategy {
  return {
    countsGenerations: true,
    needsResourceVersion: true,
    defaults: fillNames,
    validate: checkCrd,
    validateUpdate: checkCrdUpdate,
    prepareCreate(crd, { now }) {
      crd.metadata.finalizers = [...new Set([...(crd.metadata.finalizers ?? []), CRD_FINALIZER])]
      crd['status'] = statusOf(crd, kinds(), now, [])
    },
    prepareUpdate(next, current, { now }) {
      const status = objectAt(next, 'status')
      const stored = stringsAt(status, 'storedVersions')
      const fresh = statusOf(next, kinds(), now, stored)
      const conditions = objectsAt(status, 'conditions')
      next['status'] =
        conditions.length === 0
          ? fresh
          : { ...fresh, conditions: conditionsOf(next, kinds(), now, conditions) }
      if (current.metadata.deletionTimestamp !== undefined) return
      if (!next.metadata.finalizers?.includes(CRD_FINALIZER)) {
        next.metadata.finalizers = [...(next.metadata.finalizers ?? []), CRD_FINALIZER]
      }
    },
  }
}

function fillNames(crd: ApiObject): void {
  const names = objectAt(crd, 'spec', 'names')
  const kind = stringAt(names, 'kind') ?? ''
  if (names !== undefined) {
    names['singular'] ??= kind.toLowerCase()
    names['listKind'] ??= `${kind}List`
  }
  const spec = objectAt(crd, 'spec')
  if (spec !== undefined) spec['conversion'] ??= { strategy: 'None' }
}

function statusOf(crd: ApiObject, kinds: KindRegistry, now: number, stored: readonly string[]): JsonObject {
  const storage = stringAt(
    objectsAt(crd, 'spec', 'versions').find((row) => row['storage'] === true),
    'name',
  )
  return {
    acceptedNames: objectAt(crd, 'spec', 'names') ?? {},
    conditions: conditionsOf(crd, kinds, now, []),
    storedVersions: [...new Set([...stored, ...(storage === undefined ? [] : [storage])])],
  }
}

function conditionsOf(
  crd: ApiObject,
  kinds: KindRegistry,
  now: number,
  present: readonly JsonObject[],
): JsonObject[] {
  const clash = nameClash(crd, kinds)
  const wanted: JsonObject[] =
    clash === undefined
      ? [
          { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' },
          {
            type: 'Established',
            status: 'True',
            reason: 'InitialNamesAccepted',
            message: 'the initial names have been accepted',
          },
        ]
      : [
          { type: 'NamesAccepted', status: 'False', reason: 'KindConflict', message: clash },
          {
            type: 'Established',
            status: 'False',
            reason: 'NotAccepted',
            message: 'not all names are accepted',
          },
        ]
  const kept = present.filter(({ type }) => !wanted.some((condition) => condition['type'] === type))
  return [...kept, ...wanted.map((condition) => keepTransition(condition, present, now))]
}

function keepTransition(condition: JsonObject, present: readonly JsonObject[], now: number): JsonObject {
  const before = present.find(({ type }) => type === condition['type'])
  const same = before?.['status'] === condition['status']
  return {
    ...condition,
    lastTransitionTime: (same ? before?.['lastTransitionTime'] : undefined) ?? timestamp(now),
  }
}

/** Another resource of the group that has the kind already. */
function nameClash(crd: ApiObject, kinds: KindRegistry): string | undefined {
  const kind = stringAt(crd, 'spec', 'names', 'kind') ?? ''
  const other = kinds.findKind(stringAt(crd, 'spec', 'group') ?? '', kind)
  const plural = stringAt(crd, 'spec', 'names', 'plural')
  return other === undefined || other.resource === plural ? undefined : `"${kind}" is already in use`
}

function checkCrd(crd: ApiObject): FieldError[] {
  const group = stringAt(crd, 'spec', 'group') ?? ''
  const plural = stringAt(crd, 'spec', 'names', 'plural') ?? ''
  const faults: FieldError[] = []
  if (crd.metadata.name !== `${plural}.${group}`) {
    faults.push(invalidValue('metadata.name', crd.metadata.name, 'must be spec.names.plural+"."+spec.group'))
  }
  const scope = stringAt(crd, 'spec', 'scope')
  if (scope !== 'Namespaced' && scope !== 'Cluster') {
    faults.push(notSupported('spec.scope', scope ?? '', ['Cluster', 'Namespaced']))
  }
  if (stringAt(crd, 'spec', 'conversion', 'strategy') === 'Webhook') {
    faults.push(notSupported('spec.conversion.strategy', 'Webhook', ['None']))
  }
  return [...faults, ...checkApproval(crd, group), ...checkVersions(crd)]
}

const APPROVED = 'api-approved.kubernetes.io'

/** Groups of the Kubernetes community need a link to the approval of their API, or the word that there is none. */
function checkApproval(crd: ApiObject, group: string): FieldError[] {
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(group)) return []
  const field = `metadata.annotations[${APPROVED}]`
  const approval = crd.metadata.annotations?.[APPROVED] ?? ''
  const see = 'see https://github.com/kubernetes/enhancements/pull/1111'
  if (approval === '') {
    return [required(field, `protected groups must have approval annotation "${APPROVED}", ${see}`)]
  }
  if (approval.startsWith('unapproved') || URL.parse(approval)?.host) return []
  return [
    invalidValue(
      field,
      approval,
      `protected groups must have approval annotation "${APPROVED}" with either a URL or a reason starting with "unapproved", ${see}`,
    ),
  ]
}

function checkVersions(crd: ApiObject): FieldError[] {
  const rows = objectsAt(crd, 'spec', 'versions')
  const storing = rows.filter((row) => row['storage'] === true)
  const faults: FieldError[] = []
  if (storing.length !== 1) {
    faults.push(
      invalidValue(
        'spec.versions',
        arrayAt(crd, 'spec', 'versions'),
        'must have exactly one version marked as storage version',
      ),
    )
  }
  return faults.concat(rows.flatMap((row, index) => checkVersionSchema(row, `spec.versions[${index}]`, crd)))
}

function checkVersionSchema(row: JsonObject, path: string, crd: ApiObject): FieldError[] {
  const schema = objectAt(row, 'schema', 'openAPIV3Schema')
  const field = `${path}.schema.openAPIV3Schema`
  if (schema === undefined) return [required(field, 'schemas are required')]
  if (valueAt(crd, 'spec', 'preserveUnknownFields') === true) return []
  return checkStructural(schema, field, true)
}

function checkCrdUpdate(next: ApiObject, current: ApiObject): FieldError[] {
  const fields = [['group'], ['scope'], ['names', 'plural'], ['names', 'kind']]
  return fields
    .filter((path) => stringAt(next, 'spec', ...path) !== stringAt(current, 'spec', ...path))
    .map((path) =>
      invalidValue(`spec.${path.join('.')}`, stringAt(next, 'spec', ...path), 'field is immutable'),
    )
}
