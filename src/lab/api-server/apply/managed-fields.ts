/**
 * metadata.managedFields: who owns which fields, one entry a manager, operation and subresource.
 */
import type { ApiObject } from '../api-object.ts'
import { arrayAt, isObject, stringAt } from '../json/access.ts'
import { FieldSet, formatFields, parseFields, union } from './field-set.ts'

/** Managers of plain updates kept apart; the oldest beyond are joined. Kubernetes' own bound. */
export const MAX_UPDATE_MANAGERS = 10

const JOINED = 'ancient-changes'

export interface Ownership {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly apiVersion: string
  readonly time: string
  readonly subresource: string
  readonly fields: FieldSet
}

/** The entries of an object; malformed ones are passed over. */
export function readOwnership(object: ApiObject | undefined): Ownership[] {
  return arrayAt(object, 'metadata', 'managedFields').flatMap((entry) => {
    const operation = stringAt(entry, 'operation')
    if (!isObject(entry) || (operation !== 'Apply' && operation !== 'Update')) return []
    return [
      {
        manager: stringAt(entry, 'manager') ?? '',
        operation,
        apiVersion: stringAt(entry, 'apiVersion') ?? '',
        time: stringAt(entry, 'time') ?? '',
        subresource: stringAt(entry, 'subresource') ?? '',
        fields: parseFields(entry['fieldsV1']),
      },
    ]
  })
}

/** A single empty entry asks to forget all owners. */
export function isReset(object: ApiObject): boolean {
  const entries = arrayAt(object, 'metadata', 'managedFields')
  return entries.length === 1 && isObject(entries[0]) && Object.keys(entries[0]).length === 0
}

/** Writes the entries that own something into the object. */
export function writeOwnership(object: ApiObject, entries: readonly Ownership[]): void {
  const owning = joinOldest(entries.filter(({ fields }) => !fields.isEmpty))
  if (owning.length === 0) delete object.metadata.managedFields
  else object.metadata.managedFields = owning.toSorted(byKubernetesOrder).map(toEntry)
}

/** As kube-apiserver orders them: otherwise a write that changes nothing would move its entry, and so change the object. */
function byKubernetesOrder(left: Ownership, right: Ownership): number {
  const keys: (keyof Ownership & ('operation' | 'time' | 'manager' | 'subresource'))[] = [
    'operation',
    'time',
    'manager',
    'subresource',
  ]
  const key = keys.find((each) => left[each] !== right[each])
  return key === undefined ? 0 : left[key] < right[key] ? -1 : 1
}

function toEntry({ manager, operation, apiVersion, time, subresource, fields }: Ownership): object {
  return {
    manager,
    operation,
    apiVersion,
    ...(time === '' ? {} : { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: formatFields(fields),
    ...(subresource === '' ? {} : { subresource }),
  }
}

function joinOldest(entries: readonly Ownership[]): readonly Ownership[] {
  const updates = entries
    .filter(({ operation }) => operation === 'Update')
    .sort((a, b) => (a.time < b.time ? -1 : 1))
  const surplus = new Set(updates.slice(0, Math.max(0, updates.length - MAX_UPDATE_MANAGERS + 1)))
  if (updates.length <= MAX_UPDATE_MANAGERS) return entries
  const [first] = surplus
  const fields = [...surplus].reduce((sum, entry) => union(sum, entry.fields), new FieldSet())
  const rest = entries.filter((entry) => !surplus.has(entry))
  return first === undefined ? entries : [{ ...first, manager: JOINED, subresource: '', fields }, ...rest]
}

/** Fields of an object that belong to the server, not to a manager. */
export function ownableContent(object: ApiObject): object {
  const { apiVersion: _apiVersion, kind: _kind, metadata, ...content } = object
  const {
    name: _name,
    namespace: _namespace,
    uid: _uid,
    resourceVersion: _resourceVersion,
    generation: _generation,
    creationTimestamp: _creationTimestamp,
    deletionTimestamp: _deletionTimestamp,
    deletionGracePeriodSeconds: _grace,
    managedFields: _managedFields,
    ...owned
  } = metadata
  return Object.keys(owned).length === 0 ? content : { ...content, metadata: owned }
}
