/**
 * ClusterRoles with an aggregationRule hold the rules of those they select.
 */
import { type ApiObject, keyOf } from '../api-object.ts'
import { objectsAt } from '../json/access.ts'
import { canonicalJson, cloneJson, equalJson } from '../json/compare.ts'
import { fromSelectorObject, matchesLabels } from '../selectors/label-selector.ts'
import type { ApiDeps } from '../verbs/deps.ts'
import { Worker, type WorkerDeps } from './worker.ts'

const CLUSTER_ROLES = 'rbac.authorization.k8s.io/clusterroles'

export class RoleAggregation {
  readonly #deps: ApiDeps
  readonly #worker: Worker
  readonly #unsubscribe: () => void

  constructor(deps: ApiDeps & WorkerDeps) {
    this.#deps = deps
    this.#worker = new Worker(deps, () => this.#reconcile())
    this.#unsubscribe = deps.store.bucket(CLUSTER_ROLES).subscribe(() => this.#worker.enqueue('all'))
    this.#worker.enqueue('all')
  }

  stop(): void {
    this.#unsubscribe()
    this.#worker.stop()
  }

  #reconcile(): void {
    const roles = this.#deps.store.bucket(CLUSTER_ROLES).values()
    for (const role of roles) {
      const selectors = objectsAt(role, 'aggregationRule', 'clusterRoleSelectors').map(fromSelectorObject)
      if (selectors.length === 0) continue
      const sources = roles.filter(
        (other) =>
          other !== role && selectors.some((selector) => matchesLabels(selector, other.metadata.labels)),
      )
      this.#write(role, sources)
    }
  }

  #write(role: ApiObject, sources: readonly ApiObject[]): void {
    const rules = new Map(
      sources.flatMap((source) => objectsAt(source, 'rules').map((rule) => [canonicalJson(rule), rule])),
    )
    const next = cloneJson(role)
    next['rules'] = [...rules.values()]
    if (!equalJson(next['rules'], role['rules'])) this.#deps.store.put(CLUSTER_ROLES, keyOf(next), next)
  }
}
