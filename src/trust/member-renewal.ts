/**
 * How a member gets a new authority: it makes a key, asks in its facts, and takes from anybody's facts the certificate that
 * a trusted root made for that key. Who carries it does not matter.
 */
import { X509Certificate } from 'node:crypto'
import type { Directory, RenewalFact } from '../api/service-record.ts'
import type { SnapshotSource } from '../core/snapshot.ts'
import { verifyAuthority } from '../pki/authority-check.ts'
import { certificateSha256 } from '../pki/chain.ts'
import { fitsKey, requestAuthority } from '../pki/cluster-authority.ts'
import type { SignedStatement, StatementReader } from '../pki/trust-statement.ts'
import { orUndefined } from './attempt.ts'
import { authorityDue } from './authority-due.ts'
import { authorityValues, type ClusterAuthority, checkAuthority } from './authority-secret.ts'
import { bundleOf } from './founding.ts'
import { newestStatement } from './newest-statement.ts'
import { rotationMark, rotationOf } from './secrets.ts'
import type { TrustSettings } from './trust-settings.ts'
import type { SecretBox } from './trust-stores.ts'

export interface MemberDeps {
  readonly authority: SecretBox
  /** The newest statement that other clusters have told, by whichever way. */
  readonly told: SnapshotSource<SignedStatement | undefined>
  readonly reader: StatementReader
  readonly tell: (reason: string, note: string) => void
}

export interface MemberInput {
  readonly authority: ClusterAuthority
  readonly settings: TrustSettings
  readonly directory: Directory
  /** Its root is in a folder: nobody answers. */
  readonly isOffline: boolean
  /** Milliseconds since 1970. */
  readonly now: number
}

export interface MemberView {
  readonly authority: ClusterAuthority
  /** Why a new one is needed; undefined when it is not. */
  readonly due: string | undefined
  readonly renewal: RenewalFact | undefined
}

export class MemberRenewal {
  readonly #deps: MemberDeps
  /** A request is signed anew each time it is made: the same one is told until it is answered. */
  #asked: { readonly keyPem: string; readonly csr: string } | undefined

  constructor(deps: MemberDeps) {
    this.#deps = deps
  }

  async look(input: MemberInput): Promise<MemberView> {
    const authority = await this.#withNewestStatement(input)
    const due = authority.isRevoked ? undefined : this.#due(authority, input)
    if (due === undefined || input.isOffline) return { authority, due, renewal: undefined }
    const keyPem = authority.material.nextKey ?? (await this.#nextKey(authority))
    const renewed = await this.#take(authority, keyPem, input)
    if (renewed !== undefined) return { authority: renewed, due: undefined, renewal: undefined }
    return { authority, due, renewal: { csr: await this.#request(authority, keyPem) } }
  }

  /** Kept before it counts, so that it holds after a restart as well. */
  async #withNewestStatement({ authority, now }: MemberInput): Promise<ClusterAuthority> {
    const { told, reader } = this.#deps
    const newest = newestStatement([told.current()], authority.anchors, reader)
    if (newest === undefined || newest.said.version <= (authority.statement?.version ?? 0)) return authority
    const material = {
      ...authority.material,
      roots: bundleOf(newest.said.roots),
      statement: JSON.stringify(newest.signed),
    }
    await this.#deps.authority.write(authorityValues(material))
    this.#deps.tell('TrustChanged', `version ${newest.said.version} of whom to trust`)
    return checkAuthority(material, reader, now)
  }

  #due(authority: ClusterAuthority, { settings, now }: MemberInput): string | undefined {
    const secret = this.#deps.authority.current
    const done = secret === undefined ? 0 : rotationOf(secret)
    // The first root signs; without a statement whichever has signed will do.
    const root = authority.statement === undefined ? undefined : authority.anchors.roots[0]
    return authorityDue(authority, { root, rotation: { wanted: settings.rotate.authority, done }, now })
  }

  async #nextKey({ material, identity }: ClusterAuthority): Promise<string> {
    const { keyPem } = await requestAuthority(identity)
    await this.#deps.authority.write(authorityValues({ ...material, nextKey: keyPem }))
    return keyPem
  }

  async #request({ identity }: ClusterAuthority, keyPem: string): Promise<string> {
    if (this.#asked?.keyPem !== keyPem) {
      const { requestPem } = await requestAuthority(identity, keyPem)
      this.#asked = { keyPem, csr: requestPem }
    }
    return this.#asked.csr
  }

  async #take(
    authority: ClusterAuthority,
    keyPem: string,
    { directory, settings, now }: MemberInput,
  ): Promise<ClusterAuthority | undefined> {
    const certificate = answersIn(directory, authority.identity.cluster).find((each) =>
      isGood(each, keyPem, authority, now),
    )
    if (certificate === undefined) return undefined
    const material = {
      ...authority.material,
      certificate: certificate.toString(),
      key: keyPem,
      nextKey: undefined,
    }
    await this.#deps.authority.write(authorityValues(material), rotationMark(settings.rotate.authority))
    this.#deps.tell('AuthorityRenewed', 'the founder has signed a new authority for this cluster')
    return checkAuthority(material, this.#deps.reader, now)
  }
}

function answersIn(directory: Directory, cluster: string): X509Certificate[] {
  const answers = [...directory.values()].flatMap(({ facts }) => facts?.renewed ?? [])
  return answers
    .filter((answer) => answer.cluster === cluster)
    .flatMap(({ certificate }) => readable(certificate) ?? [])
}

function readable(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch {
    // Another cluster's nonsense is no answer.
    return undefined
  }
}

/** Own key, own cluster, a root that is trusted and, where one signs now, that one. */
function isGood(
  certificate: X509Certificate,
  keyPem: string,
  { anchors, identity, statement }: ClusterAuthority,
  now: number,
): boolean {
  const verified = orUndefined(() => verifyAuthority(certificate, anchors, now))
  if (verified === undefined || verified.identity.cluster !== identity.cluster) return false
  const [signing] = anchors.roots
  const isSigning =
    statement === undefined ||
    signing === undefined ||
    certificateSha256(verified.root) === certificateSha256(signing)
  return isSigning && fitsKey(certificate, keyPem)
}
