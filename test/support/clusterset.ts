/** A clusterset for tests: one root, and folders with the TLS files of its processes. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TLS_FILES } from '../../src/link/credential-source.ts'
import {
  type CertificateRequest,
  createAuthority,
  issueCertificate,
  type KeyPair,
} from '../../src/pki/certificates.ts'
import { createClusterAuthority } from '../../src/pki/cluster-authority.ts'
import type { Role } from '../../src/pki/identity.ts'
import { type Revocation, type SignedStatement, signStatement } from '../../src/pki/trust-statement.ts'

const CLUSTERSET = 'test-set'

/** The URI of a process of the test clusterset. */
export function uriOf(cluster: string, role: string, clusterset = CLUSTERSET): string {
  return `spiffe://${clusterset}/cluster/${cluster}/${role}`
}

export class TestClusterset implements AsyncDisposable {
  readonly root: KeyPair
  readonly #dir: string
  #folders = 0

  private constructor(root: KeyPair, dir: string) {
    this.root = root
    this.#dir = dir
  }

  static async create(): Promise<TestClusterset> {
    const root = await createAuthority({ commonName: 'test root', days: 1 })
    return new TestClusterset(root, await mkdtemp(join(tmpdir(), 'fairlead-pki-')))
  }

  /** A folder with a good certificate of one process. */
  tlsDir(cluster: string, role: Role = 'router'): Promise<string> {
    return this.folder({ uris: [uriOf(cluster, role)] })
  }

  /** A folder with any certificate; `authority` and `now` make bad ones. */
  async folder(
    request: Partial<CertificateRequest>,
    authority: KeyPair = this.root,
    now = Date.now(),
  ): Promise<string> {
    const leaf = await issueCertificate(
      authority,
      { commonName: 'test', usages: ['server', 'client'], days: 1, ...request },
      now,
    )
    return await this.keep(leaf)
  }

  /** A folder with this certificate, or chain of certificates, and its key. */
  async keep(leaf: KeyPair): Promise<string> {
    this.#folders += 1
    const dir = await mkdtemp(join(this.#dir, `${this.#folders}-`))
    await writeTlsFiles(dir, leaf, this.root.certPem)
    return dir
  }

  /** The authority of a cluster, as an invite would make it. */
  authority(cluster: string, revokedAt?: number): Promise<KeyPair> {
    return createClusterAuthority(this.root, { clusterset: CLUSTERSET, cluster, days: 1, revokedAt })
  }

  /** A folder of a process whose certificate its cluster's authority has signed. */
  async memberDir(cluster: string, authority: KeyPair, role: Role = 'router'): Promise<string> {
    return await this.keep(await leafUnder(authority, cluster, role))
  }

  /** The folder's statement of what the clusterset trusts, signed by its root. */
  statement(
    version: number,
    revoked: readonly Revocation[],
    roots: readonly KeyPair[] = [this.root],
  ): SignedStatement {
    const pems = roots.map(({ certPem }) => certPem)
    return signStatement({ clusterset: CLUSTERSET, version, roots: pems, revoked }, [this.root])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#dir, { recursive: true, force: true })
  }
}

/** A leaf and the authority that signed it, as one chain. */
export async function leafUnder(
  authority: KeyPair,
  cluster: string,
  role: Role = 'router',
): Promise<KeyPair> {
  const leaf = await issueCertificate(authority, {
    commonName: 'test',
    uris: [uriOf(cluster, role)],
    usages: ['server', 'client'],
    days: 1,
  })
  return { ...leaf, certPem: leaf.certPem + authority.certPem }
}

/** Fills a folder as a mounted Secret would. */
export async function writeTlsFiles(dir: string, leaf: KeyPair, authority: string): Promise<void> {
  await writeFile(join(dir, TLS_FILES.authority), authority)
  await writeFile(join(dir, TLS_FILES.certificate), leaf.certPem)
  await writeFile(join(dir, TLS_FILES.key), leaf.keyPem)
}
