/**
 * Who sent a request.
 */

export interface UserInfo {
  readonly name: string
  readonly uid: string
  readonly groups: readonly string[]
  readonly extra: Readonly<Record<string, readonly string[]>>
}

export const Group = {
  masters: 'system:masters',
  authenticated: 'system:authenticated',
  unauthenticated: 'system:unauthenticated',
  serviceAccounts: 'system:serviceaccounts',
} as const

export const ANONYMOUS: UserInfo = {
  name: 'system:anonymous',
  uid: '',
  groups: [Group.unauthenticated],
  extra: {},
}

/** A known user: everybody known is in system:authenticated. */
export function knownUser(name: string, groups: readonly string[], uid = '', extra = {}): UserInfo {
  return { name, uid, groups: [...groups, Group.authenticated], extra }
}

export function isMaster(user: UserInfo): boolean {
  return user.groups.includes(Group.masters)
}
