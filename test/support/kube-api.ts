/** A real embedded API server for a test, with its authority and an administrator, that can be restarted. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/core/clock.ts'
import { silentLogger } from '../../src/core/log.ts'
import { createMetrics } from '../../src/core/metrics.ts'
import { createKubeClient } from '../../src/kube/client.ts'
import type { CredentialSource } from '../../src/kube/credentials.ts'
import type { WatchingKubeClient } from '../../src/kube/types.ts'
import { type ApiServer, type ApiServerConfig, startApiServer } from '../../src/lab/api-server/server.ts'
import { createAuthority, issueCertificate, type KeyPair } from '../../src/pki/certificates.ts'

export interface KubeApi {
  readonly port: number
  /** A file with one context, `test`, of an administrator. */
  readonly kubeconfig: string
  readonly credentials: CredentialSource
  /** A client straight to the server. */
  readonly client: WatchingKubeClient
  /** Stops the server and, unless told otherwise, starts it again on the same port with the same state. */
  restart(between?: () => Promise<void>): Promise<void>
  stop(): Promise<void>
}

export type KubeApiOptions = Pick<ApiServerConfig, 'bookmarkInterval' | 'eventWindow'>

/** Starts it on a free port of 127.0.0.1, with its state in a folder of its own. */
export async function startKubeApi(options: KubeApiOptions = {}): Promise<KubeApi> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-kube-api-'))
  const ca = await createAuthority({ commonName: 'test cluster', days: 1 })
  const tls = await serverTls(ca)
  const admin = await issueCertificate(ca, {
    commonName: 'admin',
    organization: 'system:masters',
    usages: ['client'],
    days: 1,
  })
  const start = (port: number): Promise<ApiServer> =>
    startApiServer(
      { clock: systemClock, log: silentLogger, metrics: createMetrics() },
      {
        ...options,
        listen: [{ host: '127.0.0.1', port }],
        sockets: [],
        tls,
        stateFolder: join(folder, 'state'),
      },
    )
  let server = await start(0)
  const port = server.ports[0] ?? 0
  const credentials = adminCredentials(`https://127.0.0.1:${port}`, ca, admin)
  const client = createKubeClient(credentials)
  const kubeconfig = join(folder, 'kubeconfig')
  await writeFile(kubeconfig, kubeconfigText(credentials.server, ca, admin))
  return {
    port,
    kubeconfig,
    credentials,
    client,
    async restart(between = async () => {}) {
      await server.stop()
      await between()
      server = await start(port)
    },
    async stop() {
      await client.close()
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function serverTls(ca: KeyPair): Promise<ApiServerConfig['tls']> {
  const leaf = await issueCertificate(ca, {
    commonName: 'kube-apiserver',
    dnsNames: ['localhost'],
    ips: ['127.0.0.1'],
    usages: ['server'],
    days: 1,
  })
  return { cert: leaf.certPem, key: leaf.keyPem, clientCa: ca.certPem }
}

export function adminCredentials(server: string, ca: KeyPair, admin: KeyPair): CredentialSource {
  const tls = { ca: ca.certPem, cert: admin.certPem, key: admin.keyPem }
  return { server, load: async () => ({ tls, headers: {} }) }
}

export function kubeconfigText(server: string, ca: KeyPair, admin: KeyPair): string {
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const user = { 'client-certificate-data': base64(admin.certPem), 'client-key-data': base64(admin.keyPem) }
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': base64(ca.certPem) } }],
    users: [{ name: 'test', user }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  })
}
