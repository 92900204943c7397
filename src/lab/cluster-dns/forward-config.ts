/**
 * The forward rules that the ConfigMap coredns asks for, at each moment.
 */
import { describeError } from '../../core/errors.ts'
import type { Startable } from '../../core/lifecycle.ts'
import type { Logger } from '../../core/log.ts'
import { isWithin, labelsOf } from '../../dns/dns-records.ts'
import type { Store } from '../../kube/types.ts'
import type { ConfigMap } from './cluster-dns-objects.ts'
import { type ForwardRule, forwardRules, type Upstream } from './corefile.ts'
import { COREDNS_CONFIG } from './default-corefile.ts'

export interface ForwardConfigDeps {
  readonly configMaps: Store<ConfigMap>
  readonly log: Logger
}

interface LabelledRule {
  readonly labels: readonly string[]
  readonly rule: ForwardRule
}

/** Follows the ConfigMap. A Corefile that cannot be read changes nothing, as with CoreDNS's reload plugin. */
export class ForwardConfig implements Startable {
  readonly #deps: ForwardConfigDeps
  readonly #system: readonly Upstream[]
  #rules: readonly LabelledRule[] | undefined
  #unsubscribe: () => void = () => {}

  /** `system` are the resolvers that /etc/resolv.conf in a Corefile stands for. */
  constructor(deps: ForwardConfigDeps, system: readonly Upstream[]) {
    this.#deps = deps
    this.#system = system
  }

  async start(): Promise<void> {
    this.#unsubscribe = this.#deps.configMaps.subscribe(({ type, object }) => {
      if (type !== 'deleted') this.#read(object)
    })
    for (const object of this.#deps.configMaps.list(COREDNS_CONFIG.namespace)) this.#read(object)
  }

  async stop(): Promise<void> {
    this.#unsubscribe()
  }

  /** Where names like this are asked: nowhere when the list is empty, not known yet when undefined. */
  upstreamsOf(labels: readonly string[]): readonly Upstream[] | undefined {
    if (this.#rules === undefined) return undefined
    // Longest zone first.
    return this.#rules.find((candidate) => isWithin(labels, candidate.labels))?.rule.upstreams ?? []
  }

  #read(object: ConfigMap): void {
    const { namespace, name, key } = COREDNS_CONFIG
    if (object.metadata.namespace !== namespace || object.metadata.name !== name) return
    try {
      const rules = forwardRules(object.data?.[key] ?? '', this.#system)
      this.#rules = rules
        .map((rule) => ({ labels: labelsOf(rule.zone), rule }))
        .sort((a, b) => b.labels.length - a.labels.length)
      this.#deps.log.info({ rules }, 'forwarding as the Corefile says')
    } catch (error) {
      this.#deps.log.warn(
        { error: describeError(error) },
        'the Corefile cannot be used, keeping the last one',
      )
    }
  }
}
