/**
 * The root's keys in Secret fairlead-root, which only the founder has: the one that signs, and during a rotation the one
 * before or after it. It may be brought; what is brought is checked.
 */
import { X509Certificate } from 'node:crypto'
import { TrustKey, TrustSecret } from '../api/trust.ts'
import { describeError } from '../core/errors.ts'
import type { KubeClient } from '../kube/types.ts'
import { isRootCertificate } from '../pki/authority-check.ts'
import type { KeyPair } from '../pki/certificates.ts'
import { fitsKey } from '../pki/cluster-authority.ts'
import { TrustError } from './errors.ts'
import { readSecret, requireText, type SecretObject, type SecretValues, secretText } from './secrets.ts'

/** At most one of `next` and `old` is there. */
export interface RootKeys {
  /** Signs authorities. */
  readonly active: KeyPair
  /** Takes over once all members trust it. */
  readonly next?: KeyPair
  /** Signed authorities before; some members may still have one of it. */
  readonly old?: KeyPair
}

/** The root's keys, checked; undefined when there is no such Secret. Throws TrustError when they cannot be used. */
export async function loadRoot(
  client: Pick<KubeClient, 'get'>,
  namespace: string,
): Promise<RootKeys | undefined> {
  const secret = await readSecret(client, { namespace, name: TrustSecret.root })
  return secret === undefined ? undefined : readRoot(secret)
}

/** Throws TrustError when a certificate is no root, or a key is not that of its certificate. */
export function readRoot(secret: SecretObject): RootKeys {
  const active = checked(
    requireText(secret, TrustKey.certificate),
    requireText(secret, TrustKey.key),
    TrustKey.certificate,
  )
  const next = optionalPair(secret, TrustKey.nextRoot, TrustKey.nextRootKey)
  const old = optionalPair(secret, TrustKey.oldRoot, TrustKey.oldRootKey)
  return { active, ...(next && { next }), ...(old && { old }) }
}

/** All roots that members are to trust, the signing one first. */
export function rootsOf({ active, next, old }: RootKeys): KeyPair[] {
  return [active, ...(next === undefined ? [] : [next]), ...(old === undefined ? [] : [old])]
}

/** What the Secret of these keys holds. */
export function rootValues({ active, next, old }: RootKeys): SecretValues {
  return {
    [TrustKey.certificate]: active.certPem,
    [TrustKey.key]: active.keyPem,
    [TrustKey.nextRoot]: next?.certPem,
    [TrustKey.nextRootKey]: next?.keyPem,
    [TrustKey.oldRoot]: old?.certPem,
    [TrustKey.oldRootKey]: old?.keyPem,
  }
}

function optionalPair(secret: SecretObject, certificate: string, key: string): KeyPair | undefined {
  const certPem = secretText(secret, certificate)
  const keyPem = secretText(secret, key)
  if (certPem === undefined && keyPem === undefined) return undefined
  if (certPem === undefined || keyPem === undefined)
    throw new TrustError(`Secret ${TrustSecret.root} holds only one of ${certificate} and ${key}`)
  return checked(certPem, keyPem, certificate)
}

/** The certificate in the one form that is compared and told, without what may stand around it in a file. */
function checked(certPem: string, keyPem: string, key: string): KeyPair {
  const where = `Secret ${TrustSecret.root}, ${key}`
  const certificate = read(() => new X509Certificate(certPem), `${where} is no certificate`)
  if (!isRootCertificate(certificate))
    throw new TrustError(`${where} is no root: it must be an authority that signed itself`)
  const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey
  if (asymmetricKeyType !== 'ec' || asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw new TrustError(`${where}: the key must be ECDSA P-256`)
  if (!read(() => fitsKey(certificate, keyPem), `the key beside ${where} cannot be read`))
    throw new TrustError(`the key beside ${where} is of another certificate`)
  return { certPem: certificate.toString(), keyPem }
}

function read<T>(what: () => T, failure: string): T {
  try {
    return what()
  } catch (cause) {
    // Not as a cause: OpenSSL's words are enough, and a cause may be logged with what it was given.
    throw new TrustError(`${failure} (${describeError(cause)})`)
  }
}
