/**
 * Who sent a request: a client certificate, a service-account token, or nobody.
 */
import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import type { Clock } from '../../../core/clock.ts'
import { storageKey } from '../api-object.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { ISSUER, type TokenClaims, type TokenIssuer } from './service-account-tokens.ts'
import { ANONYMOUS, Group, knownUser, type UserInfo } from './user.ts'

export interface AuthenticatorDeps {
  readonly clock: Clock
  readonly store: ObjectStore
  readonly tokens: TokenIssuer
}

export class Authenticator {
  readonly #deps: AuthenticatorDeps

  constructor(deps: AuthenticatorDeps) {
    this.#deps = deps
  }

  /** The user; anonymous when nothing was presented; undefined when what was presented is not valid. */
  identify(request: IncomingMessage): UserInfo | undefined {
    const certificate = certificateUser(request)
    if (certificate !== ANONYMOUS) return certificate
    const header = request.headers.authorization
    if (header === undefined) return ANONYMOUS
    const token = /^Bearer\s+(\S+)$/i.exec(header)?.[1]
    return token === undefined ? undefined : this.tokenUser(token, [ISSUER])
  }

  /** The service account a token stands for, when the token is for one of `audiences` and the account still exists. */
  tokenUser(token: string, audiences: readonly string[]): UserInfo | undefined {
    const claims = this.verifyToken(token, audiences)
    return claims === undefined ? undefined : toUser(claims)
  }

  verifyToken(token: string, audiences: readonly string[]): TokenClaims | undefined {
    const claims = this.#deps.tokens.verify(token, this.#deps.clock.now())
    if (claims === undefined || !claims.audiences.some((audience) => audiences.includes(audience)))
      return undefined
    return this.#exists('/serviceaccounts', claims.namespace, claims) && this.#boundExists(claims)
      ? claims
      : undefined
  }

  #boundExists({ namespace, bound }: TokenClaims): boolean {
    return bound === undefined || this.#exists('/pods', namespace, bound)
  }

  #exists(bucket: string, namespace: string, { name, uid }: { name: string; uid: string }): boolean {
    return this.#deps.store.bucket(bucket).get(storageKey(namespace, name))?.metadata.uid === uid
  }
}

/** CN is the user, each O a group. A certificate of another authority is not valid. */
function certificateUser({ socket }: IncomingMessage): UserInfo | undefined {
  if (!(socket instanceof TLSSocket)) return ANONYMOUS
  const subject = socket.getPeerCertificate().subject as unknown as
    | Record<string, string | string[]>
    | undefined
  if (subject === undefined) return ANONYMOUS
  if (!socket.authorized) return undefined
  const name = [subject['CN'] ?? []].flat()[0]
  return name === undefined ? undefined : knownUser(name, [subject['O'] ?? []].flat())
}

/** The user a verified token stands for. */
export function toUser(claims: TokenClaims): UserInfo {
  const { namespace, name, uid, bound, id } = claims
  const groups = [Group.serviceAccounts, `${Group.serviceAccounts}:${namespace}`]
  return knownUser(`system:serviceaccount:${namespace}:${name}`, groups, uid, {
    'authentication.kubernetes.io/credential-id': [`JTI=${id}`],
    ...(bound === undefined
      ? {}
      : {
          'authentication.kubernetes.io/pod-name': [bound.name],
          'authentication.kubernetes.io/pod-uid': [bound.uid],
        }),
  })
}
