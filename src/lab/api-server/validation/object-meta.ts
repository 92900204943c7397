/**
 * Rules for metadata that hold for every kind.
 */
import type { ObjectMeta } from '../../../api/objects.ts'
import type { ApiObject } from '../api-object.ts'
import type { ResourceDefinition } from '../kinds/resource-definition.ts'
import { type FieldError, forbiddenField, invalidValue, required, tooLong } from './field-error.ts'
import { checkLabels, checkName, checkQualifiedName, nameRule } from './names.ts'

const MAX_ANNOTATION_BYTES = 256 * 1024

/** Faults of an object's metadata. */
export function checkObjectMeta(definition: ResourceDefinition, object: ApiObject): FieldError[] {
  const { metadata } = object
  return [
    ...checkObjectName(definition, metadata),
    ...checkLabels(metadata.labels ?? {}, 'metadata.labels'),
    ...checkAnnotations(metadata.annotations ?? {}),
    ...checkOwners(metadata),
    ...checkFinalizers(metadata),
  ]
}

function checkObjectName(definition: ResourceDefinition, { name }: ObjectMeta): FieldError[] {
  if (name === undefined || name === '') {
    return [required('metadata.name', 'name or generateName is required')]
  }
  return checkName(nameRule(definition.group, definition.resource), name, 'metadata.name')
}

function checkAnnotations(annotations: Readonly<Record<string, string>>): FieldError[] {
  const entries = Object.entries(annotations)
  const faults = entries.flatMap(([key]) => checkQualifiedName(key.toLowerCase(), 'metadata.annotations'))
  const bytes = entries.reduce((sum, [key, value]) => sum + key.length + Buffer.byteLength(value), 0)
  if (bytes > MAX_ANNOTATION_BYTES) faults.push(tooLong('metadata.annotations', MAX_ANNOTATION_BYTES))
  return faults
}

function checkOwners({ ownerReferences = [] }: ObjectMeta): FieldError[] {
  const faults = ownerReferences.flatMap((owner, index) =>
    (['apiVersion', 'kind', 'name', 'uid'] as const)
      .filter((field) => !owner[field])
      .map((field) => invalidValue(`metadata.ownerReferences[${index}].${field}`, '', 'must not be empty')),
  )
  const controllers = ownerReferences.filter((owner) => owner.controller === true)
  if (controllers.length > 1) {
    const names = controllers.slice(0, 2).map((owner) => `${owner.kind}/${owner.name}`)
    const detail = `Only one reference can have Controller set to true. Found "true" in references for ${names.join(' and ')}`
    faults.push(invalidValue('metadata.ownerReferences', ownerReferences, detail))
  }
  return faults
}

function checkFinalizers({ finalizers = [] }: ObjectMeta): FieldError[] {
  return finalizers.flatMap((finalizer) => checkQualifiedName(finalizer, 'metadata.finalizers'))
}

/** Faults of a change of metadata. */
export function checkMetaUpdate(next: ApiObject, current: ApiObject): FieldError[] {
  if (current.metadata.deletionTimestamp === undefined) return []
  const before = new Set(current.metadata.finalizers)
  const added = (next.metadata.finalizers ?? []).filter((finalizer) => !before.has(finalizer))
  if (added.length === 0) return []
  const detail = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((name) => JSON.stringify(name)).join(', ')}}`
  return [forbiddenField('metadata.finalizers', detail)]
}
