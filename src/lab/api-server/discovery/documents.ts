/**
 * Discovery: which groups, versions and resources there are, in the old form and in the aggregated one.
 */
import type { KindRegistry } from '../kinds/registry.ts'
import type { ServedResource, Subresource } from '../kinds/resource-definition.ts'

/** /api */
export function coreVersions(serverAddress: string): object {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  }
}

/** /apis */
export function groupList(kinds: KindRegistry): object {
  return {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: namedGroups(kinds).map(([name, versions]) => group(name, versions)),
  }
}

function namedGroups(kinds: KindRegistry): [string, string[]][] {
  return [...kinds.groups()].filter(([name]) => name !== '')
}

function group(name: string, versions: readonly string[]): object {
  const entries = versions.map((version) => ({ groupVersion: `${name}/${version}`, version }))
  return { name, versions: entries, preferredVersion: entries[0] }
}

/** /apis/GROUP; undefined when there is none. */
export function groupDocument(kinds: KindRegistry, name: string): object | undefined {
  const versions = kinds.groups().get(name)
  if (versions === undefined || name === '') return undefined
  return { kind: 'APIGroup', apiVersion: 'v1', ...group(name, versions) }
}

/** /api/v1 and /apis/GROUP/VERSION; undefined when there is none. */
export function resourceList(kinds: KindRegistry, name: string, version: string): object | undefined {
  const served = kinds.inVersion(name, version)
  if (served.length === 0 && !kinds.groups().get(name)?.includes(version)) return undefined
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: name === '' ? version : `${name}/${version}`,
    resources: served.flatMap(resourceEntries),
  }
}

function resourceEntries(served: ServedResource): object[] {
  const { definition } = served
  const { resource: name, singular, namespaced, kind, verbs, shortNames, categories } = definition
  const main = {
    name,
    singularName: singular,
    namespaced,
    kind,
    verbs,
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
  }
  const rest = subresourcesOf(served).map((sub) => ({
    name: `${name}/${sub.name}`,
    singularName: '',
    namespaced,
    ...(sub.group === undefined ? {} : { group: sub.group, version: sub.version }),
    kind: sub.kind,
    verbs: sub.verbs,
  }))
  return [main, ...rest]
}

const READ_WRITE = ['get', 'patch', 'update']

/** Status, scale and the others of a resource. */
export function subresourcesOf({ definition, version }: ServedResource): Subresource[] {
  const found: Subresource[] = [...definition.subresources]
  if (version.status) found.push({ name: 'status', kind: definition.kind, verbs: READ_WRITE })
  if (version.scale !== undefined) {
    found.push({ name: 'scale', kind: 'Scale', group: 'autoscaling', version: 'v1', verbs: READ_WRITE })
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1))
}

export type AggregatedVersion = 'v2' | 'v2beta1'

/** /api or /apis for clients that take everything in one document. */
export function aggregatedDiscovery(kinds: KindRegistry, core: boolean, format: AggregatedVersion): object {
  const groups = [...kinds.groups()].filter(([name]) => (name === '') === core)
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${format}`,
    metadata: {},
    items: groups.map(([name, versions]) => ({
      metadata: { ...(core ? {} : { name }), creationTimestamp: null },
      versions: versions.map((version) => ({
        version,
        resources: kinds.inVersion(name, version).map(aggregatedResource),
        freshness: 'Current',
      })),
    })),
  }
}

function aggregatedResource(served: ServedResource): object {
  const { definition } = served
  const gv = { group: definition.group, version: served.version.version }
  const { shortNames, categories } = definition
  return {
    resource: definition.resource,
    responseKind: { ...gv, kind: definition.kind },
    scope: definition.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: definition.singular,
    verbs: definition.verbs,
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
    ...aggregatedSubresources(served, gv),
  }
}

function aggregatedSubresources(served: ServedResource, gv: { group: string; version: string }): object {
  const subresources = subresourcesOf(served).map((sub) => ({
    subresource: sub.name,
    responseKind: { group: sub.group ?? gv.group, version: sub.version ?? gv.version, kind: sub.kind },
    verbs: sub.verbs,
  }))
  return subresources.length === 0 ? {} : { subresources }
}
