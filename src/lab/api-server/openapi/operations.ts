/**
 * The paths of a resource and what can be done at each: clients look up kinds, dry run and field validation here.
 */

import { subresourcesOf } from '../discovery/documents.ts'
import { acceptedTypes } from '../http/patch-handler.ts'
import type { ServedResource } from '../kinds/resource-definition.ts'
import { gvkOf, listName, rootPath } from './definitions.ts'
import type { GroupVersionKind } from './schema.ts'

export interface Operation {
  readonly id: string
  /** Verb as `x-kubernetes-action` names it. */
  readonly action: string
  readonly method: 'get' | 'put' | 'post' | 'patch' | 'delete'
  readonly gvk: GroupVersionKind
  readonly description: string
  /** Query parameters: name and type. */
  readonly query: readonly (readonly [string, 'string' | 'boolean' | 'integer'])[]
  /** Media types of the body; empty: none. */
  readonly consumes: readonly string[]
  /** Definition name of the body, undefined for patches. */
  readonly body: string | undefined
  /** Definition name of the answer. */
  readonly answer: string
}

export interface PathOperations {
  readonly path: string
  /** Names in braces. */
  readonly parameters: readonly string[]
  readonly operations: readonly Operation[]
}

const WRITE = [
  ['dryRun', 'string'],
  ['fieldManager', 'string'],
  ['fieldValidation', 'string'],
] as const
const PATCH = [...WRITE, ['force', 'boolean']] as const
const LIST = [
  ['allowWatchBookmarks', 'boolean'],
  ['continue', 'string'],
  ['fieldSelector', 'string'],
  ['labelSelector', 'string'],
  ['limit', 'integer'],
  ['resourceVersion', 'string'],
  ['resourceVersionMatch', 'string'],
  ['sendInitialEvents', 'boolean'],
  ['timeoutSeconds', 'integer'],
  ['watch', 'boolean'],
] as const
const DELETE = [
  ['dryRun', 'string'],
  ['gracePeriodSeconds', 'integer'],
  ['orphanDependents', 'boolean'],
  ['propagationPolicy', 'string'],
] as const
const BODY = ['application/json', 'application/yaml']

/** All paths of a resource. */
export function pathsOf(served: ServedResource): PathOperations[] {
  const { definition } = served
  const scope = definition.namespaced ? '/namespaces/{namespace}' : ''
  const base = `${rootPath(served)}${scope}/${definition.resource}`
  const outer = definition.namespaced ? ['namespace'] : []
  const paths: PathOperations[] = [
    { path: base, parameters: outer, operations: collectionOperations(served) },
  ]
  if (definition.verbs.includes('list') && definition.namespaced) {
    paths.push({
      path: `${rootPath(served)}/${definition.resource}`,
      parameters: [],
      operations: [listOperation(served, 'ForAllNamespaces')],
    })
  }
  if (definition.verbs.includes('get')) {
    paths.push({
      path: `${base}/{name}`,
      parameters: ['name', ...outer],
      operations: singleOperations(served),
    })
    for (const sub of subresourcesOf(served)) {
      const operations = subresourceOperations(served, sub.name, sub.verbs)
      paths.push({ path: `${base}/{name}/${sub.name}`, parameters: ['name', ...outer], operations })
    }
  }
  return paths
}

function operation(
  served: ServedResource,
  action: string,
  method: Operation['method'],
  more: Partial<Operation>,
): Operation {
  const { kind, namespaced, resource } = served.definition
  const { schemaName, version } = served.version
  const group = served.definition.group.split('.')[0] || 'core'
  const title = (text: string) => text[0]?.toUpperCase() + text.slice(1)
  return {
    id: `${action}${title(group)}${title(version)}${namespaced ? 'Namespaced' : ''}${kind}`,
    action,
    method,
    gvk: gvkOf(served),
    description: `${action} ${resource}`,
    query: [],
    consumes: [],
    body: undefined,
    answer: schemaName,
    ...more,
  }
}

function listOperation(served: ServedResource, suffix = ''): Operation {
  const made = operation(served, 'list', 'get', { query: LIST, answer: listName(served) })
  return { ...made, id: `${made.id}${suffix}` }
}

function collectionOperations(served: ServedResource): Operation[] {
  const body = served.version.schemaName
  const create = operation(served, 'create', 'post', { query: WRITE, consumes: BODY, body })
  if (!served.definition.verbs.includes('list')) return [create]
  const remove = operation(served, 'deletecollection', 'delete', { query: [...LIST, ...DELETE] })
  return [listOperation(served), create, remove]
}

function singleOperations(served: ServedResource): Operation[] {
  const body = served.version.schemaName
  return [
    operation(served, 'get', 'get', {}),
    operation(served, 'replace', 'put', { query: WRITE, consumes: BODY, body }),
    operation(served, 'patch', 'patch', { query: PATCH, consumes: acceptedTypes(served) }),
    operation(served, 'delete', 'delete', { query: DELETE }),
  ]
}

function subresourceOperations(served: ServedResource, name: string, verbs: readonly string[]): Operation[] {
  const rename = (made: Operation) => ({ ...made, id: `${made.id}${name[0]?.toUpperCase()}${name.slice(1)}` })
  const all = [
    ...singleOperations(served),
    operation(served, 'create', 'post', { query: WRITE, consumes: BODY }),
  ]
  const wanted = verbs.map((verb) => (verb === 'update' ? 'replace' : verb))
  return all.filter(({ action }) => wanted.includes(action)).map(rename)
}
