/**
 * The Trust of this cluster: read with our own writes in it, made when a member has none, and told how things stand.
 */
import type { KubeObject } from '../api/objects.ts'
import { apiVersion, Resource } from '../api/resources.ts'
import { TRUST, type Trust } from '../api/trust.ts'
import type { Clock } from '../core/clock.ts'
import { contains } from '../core/compare.ts'
import { isAlreadyExists } from '../kube/errors.ts'
import type { EventRecorder } from '../kube/events.ts'
import { OwnWrites } from '../kube/own-writes.ts'
import type { KubeClient, Store } from '../kube/types.ts'
import { type OwnStatus, trustStatus } from './trust-status.ts'
import type { TrustView } from './trust-view.ts'

/** Field manager of the status. */
const TRUST_MANAGER = 'fairlead-trust'
const ACTION = 'KeepCertificates'

export interface TrustObjectDeps {
  readonly client: Pick<KubeClient, 'apply' | 'create'>
  readonly stores: { readonly trusts: Store<Trust> }
  readonly events: Pick<EventRecorder, 'record'>
  readonly clock: Clock
}

export class TrustObject {
  readonly namespace: string
  readonly #deps: TrustObjectDeps
  readonly #own: OwnWrites<Trust>

  constructor(deps: TrustObjectDeps, namespace: string) {
    this.namespace = namespace
    this.#deps = deps
    this.#own = new OwnWrites(deps.clock)
  }

  get current(): Trust | undefined {
    return this.#own.latest(this.#ref(), this.#deps.stores.trusts.get(this.#ref()))
  }

  /** What there is; made first when `wanted` and there is none. */
  async present(wanted: boolean): Promise<Trust | undefined> {
    if (this.current !== undefined || !wanted) return this.current
    try {
      this.#own.wrote(
        await this.#deps.client.create<Trust>(Resource.trust, { metadata: this.#ref(), spec: {} }),
      )
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
    }
    return this.current
  }

  /** Writes the status where it differs. */
  async report(view: TrustView): Promise<void> {
    const trust = this.current
    if (trust === undefined) return
    const status = trustStatus(trust, view, this.#deps.clock.now())
    if (isSaid(trust, status)) return
    const wanted = { metadata: this.#ref(), status }
    const options = { fieldManager: TRUST_MANAGER, force: true, subresource: 'status' } as const
    this.#own.wrote(await this.#deps.client.apply<Trust>(Resource.trust, wanted, options))
    this.#tellConditions(trust, status)
  }

  /** As an Event. */
  tell(reason: string, note: string, type: 'Normal' | 'Warning' = 'Normal'): void {
    const trust = this.current
    if (trust !== undefined)
      this.#deps.events.record(regarding(trust), { type, reason, action: ACTION, note })
  }

  /** What turned bad, or good again. */
  #tellConditions({ status: before }: Trust, { conditions = [] }: OwnStatus): void {
    for (const { type, status, reason, message } of conditions) {
      const old = before?.conditions?.find((each) => each.type === type)
      const isBad = type !== 'RootRotating' && status !== 'True'
      if (old?.status === status || (old === undefined && !isBad)) continue
      this.tell(reason, message === '' ? type : message, isBad ? 'Warning' : 'Normal')
    }
  }

  #ref(): { namespace: string; name: string } {
    return { namespace: this.namespace, name: TRUST }
  }
}

/** Other fields than ours may be there: the members. Ours may not be left over. */
function isSaid({ status = {} }: Trust, wanted: OwnStatus): boolean {
  const { members: _, ...said } = status
  return contains(said, wanted) && Object.keys(said).every((key) => key in wanted)
}

function regarding(trust: Trust): KubeObject {
  return { ...trust, apiVersion: apiVersion(Resource.trust), kind: Resource.trust.kind }
}
