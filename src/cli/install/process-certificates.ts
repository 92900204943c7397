/**
 * The certificates of a cluster's processes, as Secrets: kept while they are good, issued anew from the clusterset's root
 * when they are not.
 */
import { createHash, X509Certificate } from 'node:crypto'
import { SYSTEM_NAMESPACE } from '../../api/names.ts'
import type { KubeObject } from '../../api/objects.ts'
import { Resource } from '../../api/resources.ts'
import { errorCode } from '../../core/errors.ts'
import type { KubeClient } from '../../kube/types.ts'
import type { KeyPair } from '../../pki/certificates.ts'
import { issueLeaf } from '../../pki/clusterset-root.ts'
import { certificateIdentity, type PeerIdentity, Role, sameIdentity } from '../../pki/identity.ts'
import { RENEW_BEFORE_DAYS } from './limits.ts'

/** A kubernetes.io/tls Secret with the root beside the leaf. */
export interface TlsSecret extends KubeObject {
  readonly type: string
  readonly data: Record<string, string>
}

const FILES = { root: 'ca.crt', certificate: 'tls.crt', key: 'tls.key' } as const

/** The processes that prove who they are. Agents are there with globalnet only. */
export function certifiedRoles(globalnet: boolean): Role[] {
  return Object.values(Role).filter((role) => role !== Role.agent || globalnet)
}

/** Name of the Secret that the manifests mount. */
export function secretName(role: Role): string {
  return `fairlead-${role}-tls`
}

/** The Secret for one process: the present one when it is good for this identity and root, else a new one. */
export async function processSecret(
  client: KubeClient,
  root: KeyPair,
  identity: PeerIdentity,
  namespace: string = SYSTEM_NAMESPACE,
): Promise<TlsSecret> {
  const name = secretName(identity.role)
  const present = await client.get<TlsSecret>(Resource.secret, { namespace, name })
  if (present !== undefined && isGood(present, root, identity, Date.now()))
    return secret(namespace, name, present.data)
  return await issueSecret(root, identity, namespace)
}

/** Who the processes of `namespace` are; undefined where they have no certificate, or none that says it. */
export async function presentIdentity(
  client: KubeClient,
  namespace: string,
): Promise<PeerIdentity | undefined> {
  const name = secretName(Role.router)
  const present = await client.get<TlsSecret>(Resource.secret, { namespace, name })
  try {
    return present && certificateIdentity(new X509Certificate(decode(present.data[FILES.certificate])))
  } catch (error) {
    if (errorCode(error) === undefined) throw error
    return undefined
  }
}

/** Changes when the certificate does: in a pod template's annotation it has the pods replaced. */
export function certificateHash({ data }: TlsSecret): string {
  return createHash('sha256')
    .update(data[FILES.certificate] ?? '')
    .digest('hex')
    .slice(0, 16)
}

async function issueSecret(root: KeyPair, identity: PeerIdentity, namespace: string): Promise<TlsSecret> {
  const service = `fairlead-${identity.role}`
  const leaf = await issueLeaf(root, {
    ...identity,
    dnsNames: [service, `${service}.${namespace}`, `${service}.${namespace}.svc`],
  })
  return secret(namespace, secretName(identity.role), {
    [FILES.root]: base64(root.certPem),
    [FILES.certificate]: base64(leaf.certPem),
    [FILES.key]: base64(leaf.keyPem),
  })
}

function secret(namespace: string, name: string, data: Record<string, string>): TlsSecret {
  const labels = { 'app.kubernetes.io/part-of': 'fairlead' }
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace, labels },
    type: 'kubernetes.io/tls',
    data,
  }
}

function isGood({ data }: TlsSecret, root: KeyPair, identity: PeerIdentity, now: number): boolean {
  const [rootPem, certPem] = [decode(data[FILES.root]), decode(data[FILES.certificate])]
  if (rootPem !== root.certPem || data[FILES.key] === undefined) return false
  try {
    const certificate = new X509Certificate(certPem)
    const renewAt = Date.parse(certificate.validTo) - RENEW_BEFORE_DAYS * 86_400_000
    const signed = certificate.verify(new X509Certificate(root.certPem).publicKey)
    return signed && now < renewAt && sameIdentity(certificateIdentity(certificate), identity)
  } catch (error) {
    // A certificate that cannot be read is simply replaced; anything else is a bug.
    if (errorCode(error) === undefined) throw error
    return false
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

function decode(text = ''): string {
  return Buffer.from(text, 'base64').toString('utf8')
}
