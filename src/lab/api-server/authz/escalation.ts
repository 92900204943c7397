/**
 * Nobody may grant what they do not hold: roles and bindings are checked against the rules of who writes them.
 */
import type { ApiObject } from '../api-object.ts'
import { isMaster, type UserInfo } from '../authn/user.ts'
import { forbidden } from '../errors.ts'
import { objectsAt, stringAt } from '../json/access.ts'
import type { Rbac } from './rbac.ts'
import { type Attributes, covers, type PolicyRule, readRule } from './rules.ts'

const GROUP = 'rbac.authorization.k8s.io'

/** Throws Forbidden when writing `draft`, of a resource in the RBAC group, would grant more than `user` has. */
export function checkEscalation(
  rbac: Rbac,
  user: UserInfo,
  resource: string,
  namespace: string | undefined,
  draft: ApiObject,
): void {
  if (isMaster(user)) return
  const isBinding = resource.endsWith('bindings')
  const where = namespace ?? ''
  const role = stringAt(draft, 'roleRef', 'name') ?? ''
  const kind = stringAt(draft, 'roleRef', 'kind') ?? ''
  const granted = isBinding ? rbac.rulesOfRole(kind, role, where) : objectsAt(draft, 'rules').map(readRule)
  const exempt: Attributes = isBinding
    ? {
        verb: 'bind',
        group: GROUP,
        resource: kind === 'ClusterRole' ? 'clusterroles' : 'roles',
        subresource: '',
        name: role,
        namespace: where,
      }
    : {
        verb: 'escalate',
        group: GROUP,
        resource,
        subresource: '',
        name: draft.metadata.name ?? '',
        namespace: where,
      }
  if (rbac.authorize(user, exempt).allowed) return
  const held = rbac.rulesOf(user, where)
  const missing = granted.filter((rule) => !isHeld(rule, held))
  if (missing.length === 0) return
  const list = missing.map(describeRule).join('\n')
  const why = `user ${JSON.stringify(user.name)} (groups=${JSON.stringify(user.groups)}) is attempting to grant RBAC permissions not currently held:\n${list}`
  throw forbidden({ group: GROUP, name: resource }, draft.metadata.name ?? '', why)
}

/** Every single permission of the rule is in one of those held. */
function isHeld(rule: PolicyRule, held: readonly PolicyRule[]): boolean {
  return permissions(rule).every((single) => held.some((own) => coversPermission(own, single)))
}

interface Permission {
  readonly asked: Attributes
  /** The rule grants every name. */
  readonly anyName: boolean
}

function permissions(rule: PolicyRule): Permission[] {
  const names = rule.resourceNames.length === 0 ? [''] : rule.resourceNames
  return rule.verbs.flatMap((verb) => [
    ...rule.nonResourceURLs.map((path) => ({ asked: { verb, path }, anyName: false })),
    ...rule.apiGroups.flatMap((group) =>
      rule.resources.flatMap((text) =>
        names.map((name) => {
          const [resource = '', subresource = ''] = text.split('/')
          return {
            asked: { verb, group, resource, subresource, name, namespace: '' },
            anyName: rule.resourceNames.length === 0,
          }
        }),
      ),
    ),
  ])
}

function coversPermission(own: PolicyRule, { asked, anyName }: Permission): boolean {
  return (!anyName || own.resourceNames.length === 0) && covers(own, asked)
}

function describeRule({ apiGroups, resources, resourceNames, nonResourceURLs, verbs }: PolicyRule): string {
  const parts = {
    APIGroups: apiGroups,
    Resources: resources,
    ResourceNames: resourceNames,
    NonResourceURLs: nonResourceURLs,
    Verbs: verbs,
  }
  const shown = Object.entries(parts).filter(([, values]) => values.length > 0)
  return `{${shown.map(([name, values]) => `${name}:${JSON.stringify(values)}`).join(', ')}}`
}
