/**
 * Forbidden, in the words of Kubernetes.
 */
import type { UserInfo } from '../authn/user.ts'
import { forbidden, StatusError } from '../errors.ts'
import type { RequestInfo } from '../http/request-info.ts'
import type { Attributes } from './rules.ts'

/** What authorisation is asked about a request. */
export function attributesOf(info: RequestInfo): Attributes {
  if (info.kind === 'path') return { verb: info.verb, path: info.path }
  return {
    verb: info.verb,
    group: info.group,
    resource: info.resource,
    subresource: info.subresource ?? '',
    name: info.authorizedName ?? '',
    namespace: info.namespace ?? '',
  }
}

/** The refusal of a request. */
export function forbiddenRequest(user: UserInfo, info: RequestInfo): StatusError {
  if (info.kind === 'path') {
    const message = `forbidden: User ${JSON.stringify(user.name)} cannot ${info.verb} path ${JSON.stringify(info.path)}`
    return new StatusError(403, 'Forbidden', message, {})
  }
  const resource = info.subresource === undefined ? info.resource : `${info.resource}/${info.subresource}`
  const scope =
    info.namespace === undefined
      ? 'at the cluster scope'
      : `in the namespace ${JSON.stringify(info.namespace)}`
  const why = `User ${JSON.stringify(user.name)} cannot ${info.verb} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(info.group)} ${scope}`
  return forbidden({ group: info.group, name: info.resource }, info.authorizedName ?? '', why)
}
