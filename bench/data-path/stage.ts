/** What all systems are built from: a folder, certificates, child processes and the programs that were found. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TLS_FILES } from '../../src/link/credential-source.ts'
import { TestClusterset, uriOf } from '../../test/support/clusterset.ts'
import { Children } from './children.ts'
import type { Tools } from './tools.ts'

/** The one cipher suite everybody uses: what two routers agree on. */
export const CIPHER_SUITE = 'TLS_AES_128_GCM_SHA256'

/** A certificate of one relay as files (PEM). */
export interface Certificate {
  readonly dir: string
  readonly authority: string
  readonly certificate: string
  readonly key: string
  /** Certificate and key in one file, as haproxy wants them. */
  readonly both: string
}

/** The name in every relay's certificate. */
export const RELAY_NAME = 'relay.bench'

export class Stage implements AsyncDisposable {
  readonly children = new Children()
  readonly tools: Tools
  readonly dir: string
  readonly #clusterset: TestClusterset
  #files = 0

  private constructor(tools: Tools, dir: string, clusterset: TestClusterset) {
    this.tools = tools
    this.dir = dir
    this.#clusterset = clusterset
  }

  static async create(tools: Tools): Promise<Stage> {
    return new Stage(tools, await mkdtemp(join(tmpdir(), 'fairlead-bench-')), await TestClusterset.create())
  }

  /** ECDSA P-256, signed by the root of this run; good for both ends of a connection. */
  async certificate(cluster: string): Promise<Certificate> {
    const dir = await this.#clusterset.folder({ uris: [uriOf(cluster, 'router')], dnsNames: [RELAY_NAME] })
    const [authority, certificate, key] = [TLS_FILES.authority, TLS_FILES.certificate, TLS_FILES.key].map(
      (name) => join(dir, name),
    ) as [string, string, string]
    const both = join(dir, 'both.pem')
    await writeFile(both, `${await readFile(certificate, 'utf8')}\n${await readFile(key, 'utf8')}`)
    return { dir, authority, certificate, key, both }
  }

  /** Writes a file under a new name and gives its path. */
  async file(name: string, text: string): Promise<string> {
    this.#files += 1
    const path = join(this.dir, `${this.#files}-${name}`)
    await writeFile(path, text)
    return path
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.children[Symbol.asyncDispose]()
    await this.#clusterset[Symbol.asyncDispose]()
    await rm(this.dir, { recursive: true, force: true })
  }
}

/** A benchmark that is interrupted leaves neither processes nor files. */
export function endWithUs(stage: AsyncDisposable & { readonly children: Children }): void {
  process.on('exit', () => stage.children.killAll())
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => void endNow(stage))
  }
}

async function endNow(stage: AsyncDisposable): Promise<never> {
  try {
    await stage[Symbol.asyncDispose]()
  } finally {
    process.exit(1)
  }
}
