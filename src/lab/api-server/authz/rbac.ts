/**
 * Role-based access control over the stored roles and bindings.
 */
import { type ApiObject, storageKey } from '../api-object.ts'
import { Group, isMaster, type UserInfo } from '../authn/user.ts'
import { type JsonObject, objectsAt, stringAt, valueAt } from '../json/access.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { type Attributes, covers, type PolicyRule, readRule } from './rules.ts'

const RBAC = 'rbac.authorization.k8s.io'

export interface Decision {
  readonly allowed: boolean
  readonly reason: string
}

const DENIED: Decision = { allowed: false, reason: '' }

export class Rbac {
  readonly #store: ObjectStore

  constructor(store: ObjectStore) {
    this.#store = store
  }

  /** Whether `user` may do what is asked. */
  authorize(user: UserInfo, asked: Attributes): Decision {
    if (isMaster(user)) return { allowed: true, reason: '' }
    const namespace = 'path' in asked ? '' : asked.namespace
    for (const { binding, rules } of this.#bindingsOf(user, namespace)) {
      if (rules.some((rule) => covers(rule, asked))) return { allowed: true, reason: describe(binding, user) }
    }
    return DENIED
  }

  /** Every rule that applies to `user` in a namespace. */
  rulesOf(user: UserInfo, namespace: string): PolicyRule[] {
    const everything: PolicyRule = {
      verbs: ['*'],
      apiGroups: ['*'],
      resources: ['*'],
      resourceNames: [],
      nonResourceURLs: [],
    }
    const paths: PolicyRule = { ...everything, apiGroups: [], resources: [], nonResourceURLs: ['*'] }
    if (isMaster(user)) return [everything, paths]
    return [...this.#bindingsOf(user, namespace)].flatMap(({ rules }) => rules)
  }

  /** Rules of a stored role. */
  rulesOfRole(kind: string, name: string, namespace: string): PolicyRule[] {
    const clusterWide = kind === 'ClusterRole'
    const bucket = this.#store.bucket(`${RBAC}/${clusterWide ? 'clusterroles' : 'roles'}`)
    const role = bucket.get(storageKey(clusterWide ? undefined : namespace, name))
    return objectsAt(role, 'rules').map(readRule)
  }

  *#bindingsOf(user: UserInfo, namespace: string): Generator<{ binding: ApiObject; rules: PolicyRule[] }> {
    const clusterWide = this.#store.bucket(`${RBAC}/clusterrolebindings`).values()
    const local = namespace === '' ? [] : this.#store.bucket(`${RBAC}/rolebindings`).values(namespace)
    for (const binding of [...clusterWide, ...local]) {
      if (!objectsAt(binding, 'subjects').some((subject) => isSubject(subject, user, binding))) continue
      const role = valueAt(binding, 'roleRef')
      yield {
        binding,
        rules: this.rulesOfRole(stringAt(role, 'kind') ?? '', stringAt(role, 'name') ?? '', namespace),
      }
    }
  }
}

function isSubject(subject: JsonObject, user: UserInfo, binding: ApiObject): boolean {
  const name = stringAt(subject, 'name') ?? ''
  switch (subject['kind']) {
    case 'User':
      return user.name === name
    case 'Group':
      return user.groups.includes(name)
    case 'ServiceAccount': {
      const namespace = stringAt(subject, 'namespace') || binding.metadata.namespace
      return (
        user.name === `system:serviceaccount:${namespace}:${name}` &&
        user.groups.includes(Group.serviceAccounts)
      )
    }
    default:
      return false
  }
}

function describe(binding: ApiObject, user: UserInfo): string {
  const { namespace, name } = binding.metadata
  const where = namespace === undefined ? name : `${name}/${namespace}`
  const role = valueAt(binding, 'roleRef')
  return `RBAC: allowed by ${binding.kind} "${where}" of ${stringAt(role, 'kind')} "${stringAt(role, 'name')}" to ${userText(user)}`
}

function userText(user: UserInfo): string {
  const account = /^system:serviceaccount:([^:]+):(.+)$/.exec(user.name)
  if (account !== null) return `ServiceAccount "${account[2]}/${account[1]}"`
  return `User "${user.name}"`
}
