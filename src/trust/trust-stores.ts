/**
 * What the trust controllers watch, and how they write it: each Secret by its own name.
 */
import { Resource } from '../api/resources.ts'
import { TRUST, type Trust, TrustSecret } from '../api/trust.ts'
import type { Clock } from '../core/clock.ts'
import { reflectNamed } from '../kube/named-object.ts'
import { OwnWrites } from '../kube/own-writes.ts'
import { type Reflected, type ReflectorDeps, reflect } from '../kube/reflector.ts'
import type { KubeClient, Store, WatchingKubeClient } from '../kube/types.ts'
import {
  type SecretClient,
  type SecretMarks,
  type SecretObject,
  type SecretRef,
  type SecretValues,
  writeSecret,
} from './secrets.ts'

export interface TrustWatchDeps extends Omit<ReflectorDeps, 'client'> {
  readonly client: Pick<WatchingKubeClient, 'get' | 'list' | 'watch'>
}

/** Types, not interfaces: they are also read as plain records. */
export type TrustStores = {
  readonly trusts: Reflected<Trust>
  readonly root: Reflected<SecretObject>
  readonly authority: Reflected<SecretObject>
  readonly routerLeaf: Reflected<SecretObject>
  readonly agentLeaf: Reflected<SecretObject>
}

/** `namespace` is the system's. */
export function trustStores(deps: TrustWatchDeps, namespace: string): TrustStores {
  const secret = (name: string) => reflectNamed<SecretObject>(deps, Resource.secret, { namespace, name })
  return {
    trusts: reflect<Trust>(deps, Resource.trust, { namespace, fieldSelector: `metadata.name=${TRUST}` }),
    root: secret(TrustSecret.root),
    authority: secret(TrustSecret.authority),
    routerLeaf: secret(TrustSecret.router),
    agentLeaf: secret(TrustSecret.agent),
  }
}

/** One Secret as it was when it was last looked at, with our own writes since in it. */
export class SecretBox {
  readonly #client: SecretClient
  readonly #store: Store<SecretObject>
  readonly #ref: SecretRef
  readonly #own: OwnWrites<SecretObject>
  #seen: SecretObject | undefined

  constructor(
    deps: { readonly client: SecretClient; readonly clock: Clock },
    store: Store<SecretObject>,
    ref: SecretRef,
  ) {
    this.#client = deps.client
    this.#store = store
    this.#ref = ref
    this.#own = new OwnWrites(deps.clock)
  }

  /** Takes up what others have written. */
  look(): void {
    this.#seen = this.#own.latest(this.#ref, this.#store.get(this.#ref))
  }

  get current(): SecretObject | undefined {
    return this.#seen
  }

  /**
   * On exactly the version that `current` is: what came since, such as a root that is brought while one is being made, is
   * never written over. A conflict is thrown.
   */
  async write(values: SecretValues, marks: SecretMarks = {}): Promise<SecretObject> {
    this.#seen = await writeSecret(this.#client, this.#ref, this.#seen, values, marks)
    this.#own.wrote(this.#seen)
    return this.#seen
  }
}

/** The Secrets of one cluster. */
export type SecretBoxes = { readonly [K in Exclude<keyof TrustStores, 'trusts'>]: SecretBox }

export function secretBoxes(
  deps: { readonly client: SecretClient; readonly clock: Clock },
  stores: TrustStores,
  namespace: string,
): SecretBoxes {
  const box = (store: Store<SecretObject>, name: string) => new SecretBox(deps, store, { namespace, name })
  return {
    root: box(stores.root, TrustSecret.root),
    authority: box(stores.authority, TrustSecret.authority),
    routerLeaf: box(stores.routerLeaf, TrustSecret.router),
    agentLeaf: box(stores.agentLeaf, TrustSecret.agent),
  }
}

/** All that writing takes. */
export type TrustClient = SecretClient & Pick<KubeClient, 'patch' | 'apply' | 'list' | 'delete'>
