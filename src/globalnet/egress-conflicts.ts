/**
 * Which GlobalEgressIPs lose pods, or their namespace, to an older one just now.
 */
import type { GlobalEgressIP } from '../api/globalnet.ts'
import { ContestedPods, contestedNamespaces, type PodsOf } from './contested-pods.ts'
import { type ConflictFinding, EgressRules, egressPool } from './egress-choice.ts'

/** Of one term. */
export class EgressConflicts {
  readonly #pods: ContestedPods

  /** `changed` is called when there may be other conflicts because of pods. */
  constructor(podsOf: PodsOf, changed: () => void) {
    this.#pods = new ContestedPods(podsOf, changed)
  }

  /** What each of these GlobalEgressIPs, which are all there are, loses. Watches the pods that it takes to say so. */
  among(objects: readonly GlobalEgressIP[]): (object: GlobalEgressIP) => ConflictFinding {
    const pools = objects.map(egressPool)
    this.#pods.follow(contestedNamespaces(pools))
    const lost = new Map(
      new EgressRules([], pools)
        .conflicts(this.#pods.pods)
        .map((each) => [`${each.namespace}/${each.name}`, each]),
    )
    return ({ metadata: { namespace = '', name = '' }, spec = {} }) => {
      const isKnown = spec.podSelector === undefined || this.#pods.knows(namespace)
      return isKnown ? (lost.get(`${namespace}/${name}`) ?? 'none') : 'unknown'
    }
  }

  stop(): Promise<void> {
    return this.#pods.stop()
  }
}
