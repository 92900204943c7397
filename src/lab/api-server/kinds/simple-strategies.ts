/**
 * Rules of kinds that need few: namespaces, nodes, configuration, events, leases, slices, RBAC, budgets, policies.
 */
import type { ApiObject } from '../api-object.ts'
import {
  ensureObject,
  fillDefaults,
  objectAt,
  objectsAt,
  stringAt,
  stringMapAt,
  valueAt,
} from '../json/access.ts'
import { equalJson } from '../json/compare.ts'
import { MAX_DATA_BYTES } from '../limits.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '../validation/field-error.ts'
import type { Strategy } from './resource-definition.ts'

export const namespaceStrategy: Strategy = {
  defaults(namespace) {
    namespace.metadata.labels = {
      ...namespace.metadata.labels,
      'kubernetes.io/metadata.name': namespace.metadata.name ?? '',
    }
  },
  prepareCreate(namespace) {
    namespace['spec'] = { finalizers: ['kubernetes'] }
    namespace['status'] = { phase: 'Active' }
  },
  /** spec.finalizers change only through the finalize subresource. */
  prepareUpdate(next, current) {
    next['spec'] = current['spec']
  },
  fieldLabels: {
    'status.phase': (namespace) => stringAt(namespace, 'status', 'phase') ?? '',
    name: (namespace) => namespace.metadata.name ?? '',
  },
}

export const nodeStrategy: Strategy = {
  fieldLabels: { 'spec.unschedulable': (node) => String(valueAt(node, 'spec', 'unschedulable') ?? false) },
}

/** Values of Secrets and ConfigMaps: bounded, and fixed when they say so. */
function checkData(fields: readonly string[]): Pick<Strategy, 'validate' | 'validateUpdate'> {
  return {
    validate(object) {
      const entries = fields.flatMap((field) =>
        Object.entries(stringMapAt(object, field)).map((entry) => [field, ...entry] as const),
      )
      const bytes = entries.reduce((sum, [, , value]) => sum + value.length, 0)
      const faults = entries.flatMap(([field, key]) => checkKey(field, key))
      return bytes > MAX_DATA_BYTES * 1.4 ? [...faults, tooLong(fields[0] ?? '', MAX_DATA_BYTES)] : faults
    },
    validateUpdate: (next, current) => checkImmutable(next, current, fields),
  }
}

function checkKey(field: string, key: string): FieldError[] {
  if (/^[-._a-zA-Z0-9]+$/.test(key) && key.length <= 253) return []
  const detail =
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
  return [invalidValue(`${field}[${key}]`, key, detail)]
}

function checkImmutable(next: ApiObject, current: ApiObject, fields: readonly string[]): FieldError[] {
  if (current['immutable'] !== true) return []
  const faults = fields
    .filter((field) => !equalJson(next[field] ?? {}, current[field] ?? {}))
    .map((field) => forbiddenField(field, 'field is immutable when `immutable` is set'))
  if (next['immutable'] !== true)
    faults.push(forbiddenField('immutable', 'field is immutable when `immutable` is set'))
  return faults
}

export const configMapStrategy: Strategy = checkData(['data', 'binaryData'])

const secretData = checkData(['data'])

export const secretStrategy: Strategy = {
  ...secretData,
  defaults(secret) {
    fillDefaults(secret, { type: 'Opaque' })
    const plain = Object.entries(stringMapAt(secret, 'stringData'))
    delete secret['stringData']
    if (plain.length === 0) return
    const encoded = plain.map(([key, value]) => [key, Buffer.from(value).toString('base64')] as const)
    secret['data'] = { ...objectAt(secret, 'data'), ...Object.fromEntries(encoded) }
  },
  validateUpdate(next, current) {
    const faults = secretData.validateUpdate?.(next, current) ?? []
    return next['type'] === current['type']
      ? faults
      : [...faults, invalidValue('type', next['type'], 'field is immutable')]
  },
  fieldLabels: { type: (secret) => stringAt(secret, 'type') ?? '' },
}

function involved(field: string): (event: ApiObject) => string {
  return (event) => stringAt(event, 'involvedObject', field) ?? ''
}

/** Labels of both event APIs; events are stored as core/v1. */
export const eventStrategy: Strategy = {
  defaults(event) {
    fillDefaults(event, { type: 'Normal' })
    fillDefaults(event, { reportingComponent: '', reportingInstance: '' })
  },
  validate(event) {
    const namespace = stringAt(event, 'involvedObject', 'namespace') || 'default'
    if (namespace === event.metadata.namespace) return []
    return [
      invalidValue(
        'involvedObject.namespace',
        stringAt(event, 'involvedObject', 'namespace') ?? '',
        'does not match event.namespace',
      ),
    ]
  },
  fieldLabels: {
    ...Object.fromEntries(
      ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].flatMap((field) => [
        [`involvedObject.${field}`, involved(field)],
        [`regarding.${field}`, involved(field)],
      ]),
    ),
    reason: (event) => stringAt(event, 'reason') ?? '',
    type: (event) => stringAt(event, 'type') ?? '',
    source: (event) => stringAt(event, 'source', 'component') ?? stringAt(event, 'reportingComponent') ?? '',
    reportingComponent: (event) => stringAt(event, 'reportingComponent') ?? '',
    reportingController: (event) => stringAt(event, 'reportingComponent') ?? '',
  },
}

export const leaseStrategy: Strategy = {
  needsResourceVersion: true,
  validate(lease) {
    const seconds = valueAt(lease, 'spec', 'leaseDurationSeconds')
    if (typeof seconds !== 'number' || seconds > 0) return []
    return [invalidValue('spec.leaseDurationSeconds', seconds, 'must be greater than 0')]
  },
}

const ADDRESS_TYPES = ['FQDN', 'IPv4', 'IPv6']

export const endpointSliceStrategy: Strategy = {
  countsGenerations: true,
  defaults(slice) {
    if (!Array.isArray(slice['endpoints'])) slice['endpoints'] = []
    for (const port of objectsAt(slice, 'ports')) fillDefaults(port, { name: '', protocol: 'TCP' })
  },
  validate(slice) {
    const type = stringAt(slice, 'addressType') ?? ''
    return type === '' || ADDRESS_TYPES.includes(type)
      ? []
      : [notSupported('addressType', type, ADDRESS_TYPES)]
  },
  validateUpdate(next, current) {
    return next['addressType'] === current['addressType']
      ? []
      : [invalidValue('addressType', next['addressType'], 'field is immutable')]
  },
}

export const endpointsStrategy: Strategy = {
  defaults(endpoints) {
    for (const port of objectsAt(endpoints, 'subsets').flatMap((subset) => objectsAt(subset, 'ports')))
      fillDefaults(port, { protocol: 'TCP' })
  },
}

export const bindingStrategy: Strategy = {
  defaults(binding) {
    const role = objectAt(binding, 'roleRef')
    if (role !== undefined) fillDefaults(role, { apiGroup: 'rbac.authorization.k8s.io' })
    for (const subject of objectsAt(binding, 'subjects')) {
      if (subject['kind'] !== 'ServiceAccount')
        fillDefaults(subject, { apiGroup: 'rbac.authorization.k8s.io' })
    }
  },
  validateUpdate(next, current) {
    return equalJson(next['roleRef'], current['roleRef'])
      ? []
      : [invalidValue('roleRef', next['roleRef'], 'cannot change roleRef')]
  },
}

export const roleStrategy: Strategy = {
  defaults(role) {
    if (!Array.isArray(role['rules'])) role['rules'] = []
  },
  validate: (role) =>
    objectsAt(role, 'rules').flatMap((rule, index) => {
      const path = `rules[${index}]`
      if (!Array.isArray(rule['verbs']) || rule['verbs'].length === 0)
        return [required(`${path}.verbs`, 'verbs must contain at least one value')]
      if (rule['nonResourceURLs'] !== undefined) return []
      return ['apiGroups', 'resources']
        .filter((field) => !Array.isArray(rule[field]) || rule[field].length === 0)
        .map((field) =>
          required(
            `${path}.${field}`,
            `resource rules must supply at least one ${field === 'apiGroups' ? 'api group' : 'resource'}`,
          ),
        )
    }),
}

export const budgetStrategy: Strategy = {
  countsGenerations: true,
  needsResourceVersion: true,
  prepareCreate(budget) {
    ensureObject(budget, 'status')
  },
  validate(budget) {
    const { minAvailable, maxUnavailable } = objectAt(budget, 'spec') ?? {}
    if (minAvailable === undefined || maxUnavailable === undefined) return []
    return [
      invalidValue(
        'spec',
        { minAvailable, maxUnavailable },
        'minAvailable and maxUnavailable cannot be both set',
      ),
    ]
  },
}

export const networkPolicyStrategy: Strategy = {
  countsGenerations: true,
  defaults(policy) {
    const spec = ensureObject(policy, 'spec')
    fillDefaults(spec, { podSelector: {} })
    const types = spec['egress'] === undefined ? ['Ingress'] : ['Ingress', 'Egress']
    fillDefaults(spec, { policyTypes: types })
  },
}
