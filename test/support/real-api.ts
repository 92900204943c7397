/** A real kube-apiserver with etcd and kube-controller-manager for a test, on loopback, from the folder KUBEBUILDER_ASSETS names. */
import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createKubeClient } from '../../src/kube/client.ts'
import type { CredentialSource } from '../../src/kube/credentials.ts'
import type { WatchingKubeClient } from '../../src/kube/types.ts'
import {
  apiServerCommand,
  type ControlPlaneAddresses,
  type ControlPlaneFiles,
  controllerManagerCommand,
  etcdCommand,
} from '../../src/lab/real-api/command-lines.ts'
import { createAuthority, issueCertificate, type KeyPair } from '../../src/pki/certificates.ts'
import { eventually } from './eventually.ts'
import { adminCredentials, kubeconfigText } from './kube-api.ts'
import { describeUnless } from './missing.ts'

/** Empty when there are none. */
const assets = process.env['KUBEBUILDER_ASSETS'] ?? ''
const START_WITHIN = 120_000

/** `describe` with a real control plane, else skipped with the reason that the set-up gave. */
export function describeWithRealApi(name: string, body: () => void): void {
  const reason = process.env['FAIRLEAD_NO_KUBE_ASSETS'] ?? 'KUBEBUILDER_ASSETS names no folder'
  describeUnless(assets === '' ? reason : undefined, name, body)
}

export interface RealApi {
  readonly port: number
  /** A file with one context, `test`, of an administrator. */
  readonly kubeconfig: string
  readonly credentials: CredentialSource
  readonly client: WatchingKubeClient
  /** The audit log so far, a line each; only with `audit`. */
  auditLog(): Promise<readonly Record<string, unknown>[]>
  stop(): Promise<void>
}

/** Starts it on free ports; resolves when it is ready and has its namespaces. */
export async function startRealApi(options: { readonly audit?: boolean } = {}): Promise<RealApi> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-real-api-'))
  const processes = new Processes(folder)
  try {
    return await startIn(folder, processes, options.audit === true)
  } catch (error) {
    const logs = await processes.logs()
    await processes.stop()
    await rm(folder, { recursive: true, force: true })
    throw new Error(`no API server: ${String(error)}\n${logs}`, { cause: error })
  }
}

async function startIn(folder: string, processes: Processes, audit: boolean): Promise<RealApi> {
  const [etcdPort, peerPort, apiPort] = (await freePorts(3)) as [number, number, number]
  const addresses: ControlPlaneAddresses = {
    etcdClient: `127.0.0.1:${etcdPort}`,
    etcdPeer: `127.0.0.1:${peerPort}`,
    apiHost: '127.0.0.1',
    apiPort,
    // The endpoints of the Service `kubernetes` may not be loopback; nothing here goes there.
    advertise: '192.0.2.1',
    serviceCidr: '10.96.0.0/16,fd00:96::/112',
  }
  const { files, credentials } = await writeFiles(folder, `https://127.0.0.1:${apiPort}`, audit)
  await processes.start(etcdCommand(program('etcd'), files, addresses))
  await processes.start(apiServerCommand(program('kube-apiserver'), files, addresses))
  const client = createKubeClient(credentials)
  await eventually(
    async () => {
      processes.check()
      await client.raw('/readyz')
    },
    { within: START_WITHIN, every: 200 },
  )
  await processes.start(controllerManagerCommand(program('kube-controller-manager'), files))
  await eventually(() => client.raw('/api/v1/namespaces/default/serviceaccounts/default'), {
    within: START_WITHIN,
    every: 200,
  })
  return {
    port: apiPort,
    kubeconfig: files.kubeconfig,
    credentials,
    client,
    auditLog: async () => lines(await readFile(join(folder, 'audit.log'), 'utf8')),
    async stop() {
      await client.close()
      await processes.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function lines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

function program(name: string): string {
  return join(assets, name)
}

async function writeFiles(
  folder: string,
  server: string,
  audit: boolean,
): Promise<{ files: ControlPlaneFiles; credentials: CredentialSource }> {
  const ca = await createAuthority({ commonName: 'test cluster', days: 1 })
  const serving = await issueCertificate(ca, {
    commonName: 'kube-apiserver',
    dnsNames: ['localhost', 'kubernetes.default.svc'],
    ips: ['127.0.0.1'],
    usages: ['server'],
    days: 1,
  })
  const admin: KeyPair = await issueCertificate(ca, {
    commonName: 'admin',
    organization: 'system:masters',
    usages: ['client'],
    days: 1,
  })
  const account = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const put = async (name: string, text: string | Buffer) => {
    await writeFile(join(folder, name), text, { mode: 0o600 })
    return join(folder, name)
  }
  const files: ControlPlaneFiles = {
    etcdData: join(folder, 'etcd'),
    servingCert: await put('serving.crt', serving.certPem),
    servingKey: await put('serving.key', serving.keyPem),
    clientCa: await put('ca.crt', ca.certPem),
    accountKey: await put('account.key', account.privateKey.export({ type: 'sec1', format: 'pem' })),
    accountPublicKey: await put('account.pub', account.publicKey.export({ type: 'spki', format: 'pem' })),
    kubeconfig: await put('kubeconfig', kubeconfigText(server, ca, admin)),
    ...(audit
      ? { audit: { policy: await put('audit.yaml', AUDIT_POLICY), log: join(folder, 'audit.log') } }
      : {}),
  }
  return { files, credentials: adminCredentials(server, ca, admin) }
}

/** Who did what, without bodies. */
const AUDIT_POLICY = JSON.stringify({
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata' }],
})

/** Ports that were free a moment ago, all different. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await once(server, 'listening')
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))))
  return ports
}

/** Programs that run until the test ends, in order of dependence. */
class Processes {
  readonly #folder: string
  readonly #running: ChildProcess[] = []

  constructor(folder: string) {
    this.#folder = folder
  }

  /** It ends when this process does, however that ends. */
  async start(command: readonly string[]): Promise<void> {
    const log = await open(join(this.#folder, `${this.#running.length}.log`), 'w')
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], { stdio: ['ignore', log.fd, log.fd] })
    this.#running.push(child)
    try {
      await once(child, 'spawn')
    } finally {
      await log.close()
    }
  }

  /** Throws when one of them has ended. */
  check(): void {
    const ended = this.#running.find((child) => child.exitCode !== null || child.signalCode !== null)
    if (ended !== undefined) throw new Error(`${ended.spawnfile} ended with ${ended.exitCode}`)
  }

  /** The end of each log. */
  async logs(): Promise<string> {
    const read = async (_: unknown, index: number) =>
      (await readFile(join(this.#folder, `${index}.log`), 'utf8')).slice(-2_000)
    return (await Promise.all(this.#running.map(read))).join('\n')
  }

  async stop(): Promise<void> {
    for (const child of this.#running.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    }
  }
}
