/**
 * Namespaces: what is in one that is going away is deleted, then the namespace; each one has a default account and the root certificate.
 */
import { type ApiObject, storageKey } from '../api-object.ts'
import { setSpecFinalizers } from '../http/account-subresources.ts'
import { stringAt } from '../json/access.ts'
import { createObject } from '../verbs/create.ts'
import { DELETE_NOW, deleteStored } from '../verbs/delete.ts'
import { type ApiDeps, SERVER_WRITE } from '../verbs/deps.ts'
import { Worker, type WorkerDeps } from './worker.ts'

const NAMESPACES = '/namespaces'

export class NamespaceController {
  readonly #deps: ApiDeps
  readonly #rootCa: string
  readonly #worker: Worker
  readonly #unsubscribe: () => void

  /** `rootCa`: PEM that pods verify the API server with. */
  constructor(deps: ApiDeps & WorkerDeps, rootCa: string) {
    this.#deps = deps
    this.#rootCa = rootCa
    this.#worker = new Worker(deps, (name) => this.#reconcile(name))
    this.#unsubscribe = deps.store.subscribe((bucket, { type, object }) => {
      const { name = '', namespace } = object.metadata
      if (bucket === NAMESPACES && type !== 'DELETED') this.#worker.enqueue(name)
      else if (namespace !== undefined && (type === 'DELETED' || bucket === '/configmaps'))
        this.#worker.enqueue(namespace)
    })
    for (const { metadata } of deps.store.bucket(NAMESPACES).values())
      this.#worker.enqueue(metadata.name ?? '')
  }

  stop(): void {
    this.#unsubscribe()
    this.#worker.stop()
  }

  #reconcile(name: string): void {
    const namespace = this.#deps.store.bucket(NAMESPACES).get(storageKey(undefined, name))
    if (namespace === undefined) return
    if (stringAt(namespace, 'status', 'phase') === 'Terminating') this.#empty(namespace, name)
    else this.#furnish(name)
  }

  #empty(namespace: ApiObject, name: string): void {
    let left = 0
    for (const definition of this.#deps.kinds.all()) {
      const [version] = definition.versions
      if (!definition.namespaced || version === undefined) continue
      const bucket = this.#deps.store.bucket(definition.bucket)
      for (const object of bucket.values(name)) {
        if (object.metadata.deletionTimestamp === undefined)
          deleteStored(this.#deps, { definition, version }, object, DELETE_NOW)
      }
      left += bucket.keys(name).length
    }
    if (left === 0) setSpecFinalizers(this.#deps, namespace, [])
  }

  #furnish(namespace: string): void {
    this.#ensure('serviceaccounts', namespace, 'default', 'ServiceAccount', {})
    this.#ensure('configmaps', namespace, 'kube-root-ca.crt', 'ConfigMap', {
      annotations: {
        'kubernetes.io/description':
          'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.',
      },
      data: { 'ca.crt': this.#rootCa },
    })
  }

  #ensure(
    resource: string,
    namespace: string,
    name: string,
    kind: string,
    { annotations, ...content }: { annotations?: Record<string, string>; data?: Record<string, string> },
  ): void {
    const served = this.#deps.kinds.find('', 'v1', resource)
    if (
      served === undefined ||
      this.#deps.store.bucket(`/${resource}`).get(storageKey(namespace, name)) !== undefined
    )
      return
    const metadata = { name, namespace, ...(annotations === undefined ? {} : { annotations }) }
    createObject(
      this.#deps,
      { served, namespace },
      { apiVersion: 'v1', kind, metadata, ...content },
      SERVER_WRITE,
    )
  }
}
