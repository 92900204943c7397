/** A real kube-apiserver with etcd and kube-controller-manager for a test, on loopback, from the folder KUBEBUILDER_ASSETS names. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createKubeClient } from '../../src/kube/client.ts'
import type { CredentialSource } from '../../src/kube/credentials.ts'
import type { WatchingKubeClient } from '../../src/kube/types.ts'
import type { ControlPlaneAddresses, ControlPlaneFiles } from '../../src/lab/real-api/command-lines.ts'
import { ControlPlane } from '../../src/lab/real-api/control-plane.ts'
import { writeControlPlaneFiles } from '../../src/lab/real-api/control-plane-files.ts'
import { createAuthority, issueCertificate, type KeyPair } from '../../src/pki/certificates.ts'
import { eventually } from './eventually.ts'
import { freePorts } from './free-ports.ts'
import { adminCredentials, kubeconfigText } from './kube-api.ts'
import { describeUnless, missingCommands, noRealApi } from './missing.ts'
import { run } from './run.ts'
import { ROOT } from './source-tree.ts'

const assets = process.env['KUBEBUILDER_ASSETS'] ?? ''
const START_WITHIN = 120_000

/** `describe` with a real control plane and the programs `needs`, else skipped with the reason that the set-up gave. */
export function describeWithRealApi(name: string, needs: readonly string[], body: () => void): void {
  const missing = missingCommands(...needs)
  const lacking = missing.length === 0 ? undefined : `${missing.join(', ')} not installed`
  describeUnless(noRealApi() ?? lacking, name, body)
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
  const auditLog = options.audit === true ? join(folder, 'audit.log') : undefined
  const [etcdPort, peerPort, apiPort] = (await freePorts(3)) as [number, number, number]
  const { files, credentials } = await writeFiles(folder, `https://127.0.0.1:${apiPort}`, auditLog)
  const addresses: ControlPlaneAddresses = {
    etcdClient: `127.0.0.1:${etcdPort}`,
    etcdPeer: `127.0.0.1:${peerPort}`,
    apiHost: '127.0.0.1',
    apiPort,
    // The endpoints of the Service `kubernetes` may not be loopback; nothing here goes there.
    advertise: '192.0.2.1',
    serviceCidr: '10.96.0.0/16,fd00:96::/112',
  }
  const plane = new ControlPlane({ assets, files, addresses, logs: folder })
  const client = createKubeClient(credentials)
  const stop = async () => {
    await client.close()
    await plane.stop()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await plane.start()
    await Promise.race([ready(client), plane.ended.then((reason) => Promise.reject(new Error(reason)))])
  } catch (error) {
    const logs = await logEnds(folder)
    await stop()
    throw new Error(`no API server: ${String(error)}\n${logs}`, { cause: error })
  }
  const audit = async () => lines(await readFile(join(folder, 'audit.log'), 'utf8'))
  return { port: apiPort, kubeconfig: files.kubeconfig, credentials, client, auditLog: audit, stop }
}

/** The product's definitions, by kubectl; resolves when they are served. */
export async function installCrds({ kubeconfig }: RealApi): Promise<void> {
  const kubectl = (...args: string[]) => run(['kubectl', '--kubeconfig', kubeconfig, ...args])
  await kubectl('apply', '-f', join(ROOT, 'manifests/base/crds'), '--validate=strict')
  await kubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s')
}

/** Made by the controller manager, last of all that a namespace gets. */
async function ready(client: WatchingKubeClient): Promise<void> {
  const path = '/api/v1/namespaces/default/serviceaccounts/default'
  await eventually(() => client.raw(path), { within: START_WITHIN, every: 200 })
}

async function logEnds(folder: string): Promise<string> {
  const logs = (await readdir(folder)).filter((name) => name.endsWith('.log'))
  const texts = await Promise.all(logs.map((name) => readFile(join(folder, name), 'utf8')))
  return texts.map((text) => text.slice(-2_000)).join('\n')
}

function lines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

async function writeFiles(
  folder: string,
  server: string,
  auditLog: string | undefined,
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
  const put = async (name: string, text: string) => {
    await writeFile(join(folder, name), text, { mode: 0o600 })
    return join(folder, name)
  }
  const cluster = {
    servingCert: await put('serving.crt', serving.certPem),
    servingKey: await put('serving.key', serving.keyPem),
    clientCa: await put('ca.crt', ca.certPem),
    kubeconfig: await put('kubeconfig', kubeconfigText(server, ca, admin)),
  }
  const files = await writeControlPlaneFiles(join(folder, 'plane'), cluster, auditLog)
  return { files, credentials: adminCredentials(server, ca, admin) }
}
