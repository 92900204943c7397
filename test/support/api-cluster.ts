/** An embedded API server on loopback with the product's CRDs, and a client with all rights. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { KubeObject } from '../../src/api/objects.ts'
import { Resource, type ResourceType } from '../../src/api/resources.ts'
import { systemClock } from '../../src/core/clock.ts'
import { silentLogger } from '../../src/core/log.ts'
import { createMetrics } from '../../src/core/metrics.ts'
import { createKubeClient } from '../../src/kube/client.ts'
import type { WatchingKubeClient } from '../../src/kube/types.ts'
import { type ApiServer, startApiServer } from '../../src/lab/api-server/server.ts'
import { createAuthority, issueCertificate, type KeyPair } from '../../src/pki/certificates.ts'
import { eventually } from './eventually.ts'
import { ROOT } from './source-tree.ts'

const CRD_FOLDER = join(ROOT, 'manifests/base/crds')

export class ApiCluster implements AsyncDisposable {
  readonly client: WatchingKubeClient
  /** A kubeconfig with the client's rights. */
  readonly kubeconfig: string
  readonly #start: (port: number) => Promise<ApiServer>
  readonly #stateFolder: string | undefined
  #server: ApiServer

  private constructor(
    access: {
      readonly client: WatchingKubeClient
      readonly kubeconfig: string
      readonly stateFolder: string | undefined
    },
    server: ApiServer,
    start: (port: number) => Promise<ApiServer>,
  ) {
    this.client = access.client
    this.kubeconfig = access.kubeconfig
    this.#stateFolder = access.stateFolder
    this.#server = server
    this.#start = start
  }

  /** `durable` lets the objects outlive a restart. */
  static async start(options: { readonly durable?: boolean } = {}): Promise<ApiCluster> {
    const stateFolder = options.durable ? await mkdtemp(join(tmpdir(), 'fairlead-api-')) : undefined
    const authority = await createAuthority({ commonName: 'test cluster', days: 1 })
    const issue = (usage: 'server' | 'client', commonName: string, organization?: string) =>
      issueCertificate(authority, {
        commonName,
        usages: [usage],
        days: 1,
        ips: ['127.0.0.1'],
        ...(organization === undefined ? {} : { organization }),
      })
    const leaf = await issue('server', 'kube-apiserver')
    const admin = await issue('client', 'admin', 'system:masters')
    const tls = { cert: leaf.certPem, key: leaf.keyPem, clientCa: authority.certPem }
    const start = (port: number): Promise<ApiServer> =>
      startApiServer(
        { clock: systemClock, log: silentLogger, metrics: createMetrics() },
        { listen: [{ host: '127.0.0.1', port }], sockets: [], tls, stateFolder },
      )
    const server = await start(0)
    const url = `https://127.0.0.1:${server.ports[0]}`
    const client = createKubeClient({
      server: url,
      load: async () => ({
        tls: { ca: authority.certPem, cert: admin.certPem, key: admin.keyPem },
        headers: {},
      }),
    })
    const kubeconfig = kubeconfigOf(url, authority.certPem, admin)
    const cluster = new ApiCluster({ client, kubeconfig, stateFolder }, server, start)
    await cluster.#installCrds()
    return cluster
  }

  /** Stops the server and starts it on the same port. */
  async restart(between: () => Promise<void> = async () => {}): Promise<void> {
    const port = this.#server.ports[0] ?? 0
    await this.#server.stop()
    await between()
    this.#server = await this.#start(port)
  }

  async namespace(name: string): Promise<void> {
    await this.client.create(Resource.namespace, { metadata: { name } })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close()
    await this.#server.stop()
    if (this.#stateFolder !== undefined) await rm(this.#stateFolder, { recursive: true, force: true })
  }

  async #installCrds(): Promise<void> {
    for (const file of (await readdir(CRD_FOLDER)).filter((name) => name.endsWith('.yaml'))) {
      const crd = parse(await readFile(join(CRD_FOLDER, file), 'utf8')) as KubeObject
      await this.client.create(Resource.customResourceDefinition, crd)
    }
    const served: ResourceType[] = [
      Resource.serviceExport,
      Resource.serviceImport,
      Resource.link,
      Resource.trafficPolicy,
      Resource.trust,
      Resource.invite,
      Resource.joinRequest,
      Resource.servicePolicy,
    ]
    for (const type of served) await eventually(() => this.client.list(type))
  }
}

/** JSON is YAML. */
function kubeconfigOf(server: string, ca: string, user: KeyPair): string {
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': base64(ca) } }],
    users: [
      {
        name: 'test',
        user: {
          'client-certificate-data': base64(user.certPem),
          'client-key-data': base64(user.keyPem),
        },
      },
    ],
  })
}
