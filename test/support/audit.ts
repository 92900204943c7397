/** What our service accounts asked the API servers of a lab for, by the audit logs. */
import type { Clusters } from './clusters.ts'

/** An Event of audit.k8s.io/v1. */
export interface AuditEvent {
  readonly user: { readonly username: string }
  readonly verb: string
  readonly objectRef?: {
    readonly apiGroup?: string
    readonly resource: string
    readonly namespace?: string
    readonly subresource?: string
  }
  readonly requestURI: string
  readonly responseStatus: { readonly code: number }
}

/** `patch links/status.fairlead.dev`, as `kubectl auth can-i` spells resources. */
export function spell(verb: string, resource: string, group: string): string {
  return group === '' ? `${verb} ${resource}` : `${verb} ${resource}.${group}`
}

/** What a request needed. A server-side apply that finds nothing (201) needs `create` beside `patch`. */
export function needed({ verb, objectRef, responseStatus: { code } }: AuditEvent): string[] {
  if (objectRef === undefined) return []
  const { apiGroup: group = '', resource, subresource } = objectRef
  const full = subresource === undefined ? resource : `${resource}/${subresource}`
  const verbs = verb === 'patch' && code === 201 ? [verb, 'create'] : [verb]
  return verbs.map((each) => spell(each, full, group))
}

/** All requests that the API servers of these clusters took. */
export async function audited(clusters: Clusters, names: readonly string[]): Promise<AuditEvent[]> {
  const logs = await Promise.all(names.map((cluster) => clusters.audit(cluster)))
  return logs.flatMap((log) => log.trimEnd().split('\n')).map((line) => JSON.parse(line) as AuditEvent)
}

/** Those of one of our accounts. */
export async function requestsOf(
  clusters: Clusters,
  names: readonly string[],
  account: string,
): Promise<AuditEvent[]> {
  const username = `system:serviceaccount:fairlead-system:${account}`
  return (await audited(clusters, names)).filter(({ user }) => user.username === username)
}

export function forbidden(requests: readonly AuditEvent[]): AuditEvent[] {
  return requests.filter(({ responseStatus: { code } }) => code === 401 || code === 403)
}
