/**
 * Service-account tokens: JWTs signed with ES256 (RFC 7519), and the key they are signed with.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign,
  verify,
} from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isObject, type JsonObject, numberAt, stringAt, valueAt } from '../json/access.ts'

/** Who issues the tokens, and the audience they are for when none is asked. */
export const ISSUER = 'https://kubernetes.default.svc.cluster.local'

export interface TokenSubject {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  /** The pod (or secret) whose end is the end of the token. */
  readonly bound?: { readonly kind: string; readonly name: string; readonly uid: string } | undefined
}

export interface TokenClaims extends TokenSubject {
  readonly audiences: readonly string[]
  /** Seconds since 1970. */
  readonly expires: number
  readonly id: string
}

/** Reads the key from the state folder or makes one; without a folder it lives as long as the process. */
export function loadTokenKey(folder: string | undefined): KeyObject {
  const path = folder === undefined ? undefined : join(folder, 'service-account.key')
  if (path !== undefined && existsSync(path)) return createPrivateKey(readFileSync(path))
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  if (path !== undefined) {
    writeFileSync(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flush: true })
  }
  return privateKey
}

export class TokenIssuer {
  readonly #key: KeyObject
  readonly #public: KeyObject
  readonly #keyId: string

  constructor(key: KeyObject) {
    this.#key = key
    this.#public = createPublicKey(key)
    this.#keyId = createHash('sha256')
      .update(this.#public.export({ type: 'spki', format: 'der' }))
      .digest('base64url')
  }

  /** The public key as a JSON web key set (RFC 7517). */
  keySet(): object {
    return {
      keys: [{ ...this.#public.export({ format: 'jwk' }), kid: this.#keyId, use: 'sig', alg: 'ES256' }],
    }
  }

  issue(subject: TokenSubject, audiences: readonly string[], now: number, seconds: number): string {
    const issued = Math.floor(now / 1000)
    const { bound } = subject
    const claims = {
      aud: audiences,
      exp: issued + seconds,
      iat: issued,
      iss: ISSUER,
      jti: randomUUID(),
      'kubernetes.io': {
        namespace: subject.namespace,
        ...(bound === undefined ? {} : { [bound.kind.toLowerCase()]: { name: bound.name, uid: bound.uid } }),
        serviceaccount: { name: subject.name, uid: subject.uid },
      },
      nbf: issued,
      sub: `system:serviceaccount:${subject.namespace}:${subject.name}`,
    }
    const content = `${encode({ alg: 'ES256', kid: this.#keyId })}.${encode(claims)}`
    const signature = sign('sha256', Buffer.from(content), { key: this.#key, dsaEncoding: 'ieee-p1363' })
    return `${content}.${signature.toString('base64url')}`
  }

  /** The claims of a token signed by us and not yet expired; undefined otherwise. */
  verify(token: string, now: number): TokenClaims | undefined {
    const [header = '', payload = '', signature = '', ...rest] = token.split('.')
    if (rest.length > 0 || decode(header)?.['alg'] !== 'ES256') return undefined
    const key = { key: this.#public, dsaEncoding: 'ieee-p1363' as const }
    const genuine = verify(
      'sha256',
      Buffer.from(`${header}.${payload}`),
      key,
      Buffer.from(signature, 'base64url'),
    )
    const claims = genuine ? decode(payload) : undefined
    if (claims === undefined || claims['iss'] !== ISSUER) return undefined
    const expires = numberAt(claims, 'exp') ?? 0
    return expires * 1000 > now ? readClaims(claims, expires) : undefined
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function decode(part: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function readClaims(claims: JsonObject, expires: number): TokenClaims {
  const own = valueAt(claims, 'kubernetes.io')
  const pod = valueAt(own, 'pod')
  return {
    namespace: stringAt(own, 'namespace') ?? '',
    name: stringAt(own, 'serviceaccount', 'name') ?? '',
    uid: stringAt(own, 'serviceaccount', 'uid') ?? '',
    bound:
      pod === undefined
        ? undefined
        : { kind: 'Pod', name: stringAt(pod, 'name') ?? '', uid: stringAt(pod, 'uid') ?? '' },
    audiences: [claims['aud']].flat().map(String),
    expires,
    id: stringAt(claims, 'jti') ?? '',
  }
}
