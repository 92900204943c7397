/**
 * RBAC rules and whether one covers what is asked.
 */
import { type JsonObject, stringsAt } from '../json/access.ts'

/** A request for a resource. */
export interface ResourceAttributes {
  readonly verb: string
  readonly group: string
  readonly resource: string
  readonly subresource: string
  readonly name: string
  /** Empty for cluster-scoped requests and requests over all namespaces. */
  readonly namespace: string
}

/** A request for any other path. */
export interface PathAttributes {
  readonly verb: string
  readonly path: string
}

export type Attributes = ResourceAttributes | PathAttributes

export interface PolicyRule {
  readonly verbs: readonly string[]
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames: readonly string[]
  readonly nonResourceURLs: readonly string[]
}

export function readRule(rule: JsonObject): PolicyRule {
  return {
    verbs: stringsAt(rule, 'verbs'),
    apiGroups: stringsAt(rule, 'apiGroups'),
    resources: stringsAt(rule, 'resources'),
    resourceNames: stringsAt(rule, 'resourceNames'),
    nonResourceURLs: stringsAt(rule, 'nonResourceURLs'),
  }
}

/** Whether the rule alone allows it. */
export function covers(rule: PolicyRule, asked: Attributes): boolean {
  if (!hasOrAll(rule.verbs, asked.verb)) return false
  return 'path' in asked ? coversPath(rule, asked.path) : coversResource(rule, asked)
}

function coversResource(rule: PolicyRule, asked: ResourceAttributes): boolean {
  return (
    hasOrAll(rule.apiGroups, asked.group) &&
    rule.resources.some((resource) => matchesResource(resource, asked)) &&
    (rule.resourceNames.length === 0 || rule.resourceNames.includes(asked.name))
  )
}

function matchesResource(rule: string, { resource, subresource }: ResourceAttributes): boolean {
  if (rule === '*') return true
  if (subresource === '') return rule === resource
  return rule === `${resource}/${subresource}` || rule === `*/${subresource}`
}

function coversPath(rule: PolicyRule, path: string): boolean {
  return rule.nonResourceURLs.some(
    (url) => url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1))),
  )
}

function hasOrAll(allowed: readonly string[], asked: string): boolean {
  return allowed.includes('*') || allowed.includes(asked)
}
