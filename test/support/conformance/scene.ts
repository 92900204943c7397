/**
 * What a check of conformance works with: a namespace of its own in two clusters, real kubectl, and commands in client
 * pods. East is the first cluster of the public suite, west its second.
 */
import { randomUUID } from 'node:crypto'
import { expect, test } from '@jest/globals'
import type { ServiceExport, ServiceImport } from '../../../src/api/mcs.ts'
import type { EndpointSlice, KubeObject, Service } from '../../../src/api/objects.ts'
import type { Clusters } from '../clusters.ts'
import { eventually } from '../eventually.ts'
import { exportOf, HELLO, helloDeployment, helloService } from './objects.ts'

export const CLUSTERS = ['east', 'west'] as const
export type ClusterName = (typeof CLUSTERS)[number]

/** Milliseconds until a condition must hold, on a machine that does other things too. */
const WITHIN = 60_000

/** Milliseconds that one check may take. */
const CHECK_TIME = 240_000

/** A Service without pods whose import tells that all changes before its export have arrived. */
const MARKER = 'marker'

/** Registers a check; its namespace goes when it ends. */
export type Check = (name: string, body: (scene: Scene) => Promise<void>) => void

/** Registers checks as tests, all in the same clusters. */
export function checksIn(clusters: () => Clusters): Check {
  return (name, body) =>
    test(
      name,
      async () => {
        const scene = await Scene.open(clusters())
        try {
          await body(scene)
        } finally {
          await scene.close()
        }
      },
      CHECK_TIME,
    )
}

export class Scene {
  readonly namespace: string
  readonly #clusters: Clusters

  private constructor(clusters: Clusters, namespace: string) {
    this.#clusters = clusters
    this.namespace = namespace
  }

  static async open(clusters: Clusters): Promise<Scene> {
    const scene = new Scene(clusters, `mcs-conformance-${randomUUID().slice(0, 8)}`)
    for (const cluster of CLUSTERS) await clusters.kubectl(cluster, ['create', 'namespace', scene.namespace])
    return scene
  }

  async close(): Promise<void> {
    for (const cluster of CLUSTERS)
      await this.#clusters.kubectl(cluster, ['delete', 'namespace', this.namespace, '--wait=false'])
  }

  /** The clusterset's name of hello. */
  get host(): string {
    return `${HELLO}.${this.namespace}.svc.clusterset.local`
  }

  async create(cluster: ClusterName, ...items: object[]): Promise<void> {
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
    await this.#kubectl(cluster, ['create', '-f', '-'], input)
  }

  /** Service hello and one pod behind it. */
  serve(cluster: ClusterName, spec?: Service['spec']): Promise<void> {
    return this.create(cluster, helloDeployment(cluster), helloService(spec))
  }

  export(cluster: ClusterName, spec?: ServiceExport['spec']): Promise<void> {
    return this.create(cluster, exportOf(HELLO, spec))
  }

  async unexport(cluster: ClusterName): Promise<void> {
    await this.#kubectl(cluster, ['delete', 'serviceexport', HELLO])
  }

  /** Comes back in a later second than the one of east's export, whose import is there: ages have whole seconds. */
  async eastIsOlder(): Promise<void> {
    await this.imported('east')
    const created = Date.parse((await this.exported('east')).metadata.creationTimestamp ?? '')
    await eventually(() => Date.now() >= created + 1_000)
  }

  async exported(cluster: ClusterName): Promise<ServiceExport> {
    const found = await this.find<ServiceExport>(cluster, 'serviceexports.v1beta1.multicluster.x-k8s.io')
    if (found === undefined) throw new Error(`${cluster} has no export of ${HELLO}`)
    return found
  }

  /** The import of hello once it is as `verify` expects. */
  imported(cluster: ClusterName, verify: (found: ServiceImport) => void = () => {}): Promise<ServiceImport> {
    return this.eventually(async () => {
      const found = await this.currentImport(cluster)
      if (found === undefined) throw new Error(`${cluster} has no import of ${HELLO}`)
      verify(found)
      return found
    })
  }

  /** The import of hello as it is; undefined when there is none. */
  currentImport(cluster: ClusterName): Promise<ServiceImport | undefined> {
    return this.find<ServiceImport>(cluster, 'serviceimports.v1beta1.multicluster.x-k8s.io')
  }

  async importGone(cluster: ClusterName): Promise<void> {
    await this.eventually(async () => (await this.currentImport(cluster)) === undefined)
  }

  /** Waits for a condition of the export. */
  async condition(cluster: ClusterName, type: string, status: string): Promise<void> {
    await this.eventually(async () => {
      const { conditions = [] } = (await this.exported(cluster)).status ?? {}
      expect(conditions).toContainEqual(expect.objectContaining({ type, status }))
    })
  }

  /** Everything that was done so far has reached the controllers of both clusters when this is over. */
  async settled(): Promise<void> {
    const service = { ...helloService(), metadata: { name: MARKER } }
    await this.create('east', service, exportOf(MARKER))
    for (const cluster of CLUSTERS)
      await this.eventually(() => this.#kubectl(cluster, ['get', 'serviceimport', MARKER]))
  }

  /** The slices of the namespace that the standard's labels mark as imported ones. */
  importedSlices(cluster: ClusterName): Promise<EndpointSlice[]> {
    const labels = 'multicluster.kubernetes.io/service-name,multicluster.kubernetes.io/source-cluster'
    return this.list<EndpointSlice>(cluster, 'endpointslices', labels)
  }

  /** The objects of the namespace that a selector of labels finds. */
  async list<T extends KubeObject>(cluster: ClusterName, kind: string, labels: string): Promise<T[]> {
    const shown = await this.#kubectl(cluster, ['get', kind, '-l', labels, '-o', 'json'])
    return (JSON.parse(shown) as { items: T[] }).items
  }

  /** An object of the namespace, hello if not another is named; undefined when there is none. */
  async find<T extends KubeObject>(cluster: ClusterName, kind: string, name = HELLO): Promise<T | undefined> {
    const shown = await this.#kubectl(cluster, ['get', kind, name, '--ignore-not-found', '-o', 'json'])
    return shown === '' ? undefined : (JSON.parse(shown) as T)
  }

  /** What a shell in a fresh client pod of the cluster prints, whatever its exit code. */
  async shell(cluster: ClusterName, command: string): Promise<string> {
    const { stdout } = await this.#clusters.exec(cluster, ['sh', '-c', `${command}; true`])
    return stdout
  }

  eventually<T>(attempt: () => Promise<T> | T): Promise<T> {
    return eventually(attempt, { within: WITHIN, every: 100 })
  }

  async #kubectl(cluster: ClusterName, args: readonly string[], input = ''): Promise<string> {
    return (await this.#clusters.kubectl(cluster, ['-n', this.namespace, ...args], { input })).stdout
  }
}
