/**
 * Columns of nodes, namespaces, events, configuration, leases, RBAC and CRDs.
 */
import type { ApiObject } from '../api-object.ts'
import { arrayAt, numberAt, objectAt, objectsAt, stringAt, valueAt } from '../json/access.ts'
import { AGE, age, type Column, column, NAME, wide } from './column.ts'

function nodeStatus(node: ApiObject): string {
  const ready = objectsAt(node, 'status', 'conditions').find((condition) => condition['type'] === 'Ready')
  const words = [ready === undefined ? 'Unknown' : ready['status'] === 'True' ? 'Ready' : 'NotReady']
  if (valueAt(node, 'spec', 'unschedulable') === true) words.push('SchedulingDisabled')
  return words.join(',')
}

const ROLE_PREFIX = 'node-role.kubernetes.io/'

function nodeRoles(node: ApiObject): string {
  const roles = Object.keys(node.metadata.labels ?? {})
    .filter((label) => label.startsWith(ROLE_PREFIX))
    .map((label) => label.slice(ROLE_PREFIX.length))
  return roles.sort().join(',') || '<none>'
}

function nodeAddress(type: string): Column['cell'] {
  return (node) => {
    const found = objectsAt(node, 'status', 'addresses').find((address) => address['type'] === type)
    return stringAt(found, 'address') ?? '<none>'
  }
}

function nodeInfo(field: string): Column['cell'] {
  return (node) => stringAt(node, 'status', 'nodeInfo', field) || '<unknown>'
}

export const NODE_COLUMNS: readonly Column[] = [
  NAME,
  column('Status', nodeStatus),
  column('Roles', nodeRoles),
  AGE,
  column('Version', (node) => stringAt(node, 'status', 'nodeInfo', 'kubeletVersion') ?? ''),
  wide('Internal-IP', nodeAddress('InternalIP')),
  wide('External-IP', nodeAddress('ExternalIP')),
  wide('OS-Image', nodeInfo('osImage')),
  wide('Kernel-Version', nodeInfo('kernelVersion')),
  wide('Container-Runtime', nodeInfo('containerRuntimeVersion')),
]

export const NAMESPACE_COLUMNS: readonly Column[] = [
  NAME,
  column('Status', (namespace) => stringAt(namespace, 'status', 'phase') ?? ''),
  AGE,
]

function lastSeen(event: ApiObject, now: number): string {
  const series = stringAt(event, 'series', 'lastObservedTime')
  const time = series ?? stringAt(event, 'lastTimestamp') ?? stringAt(event, 'eventTime')
  return age(time ?? event.metadata.creationTimestamp, now)
}

function involved(event: ApiObject): string {
  const kind = stringAt(event, 'involvedObject', 'kind')?.toLowerCase() ?? ''
  const name = stringAt(event, 'involvedObject', 'name')
  return name === undefined ? kind : `${kind}/${name}`
}

function source(event: ApiObject): string {
  const component = stringAt(event, 'source', 'component') ?? stringAt(event, 'reportingComponent') ?? ''
  const host = stringAt(event, 'source', 'host')
  return host === undefined ? component : `${component}, ${host}`
}

/** Events are stored as core/v1, whichever API they came by. */
export const EVENT_COLUMNS: readonly Column[] = [
  column('Last Seen', lastSeen),
  column('Type', (event) => stringAt(event, 'type') ?? ''),
  column('Reason', (event) => stringAt(event, 'reason') ?? ''),
  column('Object', involved),
  wide('Subobject', (event) => stringAt(event, 'involvedObject', 'fieldPath') ?? ''),
  wide('Source', source),
  column('Message', (event) => (stringAt(event, 'message') ?? '').trim()),
  wide('First Seen', (event, now) =>
    age(stringAt(event, 'firstTimestamp') ?? event.metadata.creationTimestamp, now),
  ),
  wide('Count', (event) => numberAt(event, 'series', 'count') ?? numberAt(event, 'count') ?? 1, 'integer'),
  wide('Name', (event) => event.metadata.name ?? ''),
]

function entries(...fields: readonly string[]): Column['cell'] {
  return (object) => fields.reduce((sum, field) => sum + Object.keys(objectAt(object, field) ?? {}).length, 0)
}

export const SECRET_COLUMNS: readonly Column[] = [
  NAME,
  column('Type', (secret) => stringAt(secret, 'type') ?? 'Opaque'),
  column('Data', entries('data'), 'integer'),
  AGE,
]

export const CONFIG_MAP_COLUMNS: readonly Column[] = [
  NAME,
  column('Data', entries('data', 'binaryData'), 'integer'),
  AGE,
]

export const SERVICE_ACCOUNT_COLUMNS: readonly Column[] = [
  NAME,
  column('Secrets', (account) => arrayAt(account, 'secrets').length, 'integer'),
  AGE,
]

export const LEASE_COLUMNS: readonly Column[] = [
  NAME,
  column('Holder', (lease) => stringAt(lease, 'spec', 'holderIdentity') ?? ''),
  AGE,
]

/** Roles and CRDs show when they were made, not how long ago. */
export const CREATED_COLUMNS: readonly Column[] = [
  NAME,
  column('Created At', (object) => object.metadata.creationTimestamp ?? '', 'date'),
]

function subjects(kind: string): Column['cell'] {
  return (binding) =>
    objectsAt(binding, 'subjects')
      .filter((subject) => subject['kind'] === kind)
      .map(({ name, namespace }) =>
        namespace === undefined || kind !== 'ServiceAccount' ? name : `${namespace}/${name}`,
      )
      .join(', ')
}

export const ROLE_BINDING_COLUMNS: readonly Column[] = [
  NAME,
  column(
    'Role',
    (binding) => `${stringAt(binding, 'roleRef', 'kind')}/${stringAt(binding, 'roleRef', 'name')}`,
  ),
  AGE,
  wide('Users', subjects('User')),
  wide('Groups', subjects('Group')),
  wide('ServiceAccounts', subjects('ServiceAccount')),
]

function shown(...path: readonly string[]): Column['cell'] {
  return (object) => String(valueAt(object, ...path) ?? 'N/A')
}

export const DISRUPTION_BUDGET_COLUMNS: readonly Column[] = [
  NAME,
  column('Min Available', shown('spec', 'minAvailable')),
  column('Max Unavailable', shown('spec', 'maxUnavailable')),
  column('Allowed Disruptions', (budget) => numberAt(budget, 'status', 'disruptionsAllowed') ?? 0, 'integer'),
  AGE,
]
