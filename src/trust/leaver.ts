/**
 * How a cluster leaves its clusterset: it tells so, waits until the others can have heard of it, and then forgets what made
 * it a member. Whether the founder answers plays no part.
 */
import type { LinkResource } from '../api/link.ts'
import { Resource } from '../api/resources.ts'
import { TRUST, type Trust, TrustCondition, TrustReason, TrustSecret } from '../api/trust.ts'
import type { Clock } from '../core/clock.ts'
import type { KubeClient } from '../kube/types.ts'
import { LEAVE_TELL_MS } from './limits.ts'

export interface LeaverDeps {
  readonly client: Pick<KubeClient, 'list' | 'delete' | 'patch'>
  readonly clock: Pick<Clock, 'monotonic'>
  /** Told what was done, for people. */
  readonly tell: (reason: string, note: string) => void
}

/** Leaves first: the authority is what says that there is still something to do. */
const SECRETS = [TrustSecret.router, TrustSecret.agent, TrustSecret.authority] as const

/** Whether the Trust says that the cluster has left: an authority that is there now came with a new invite. */
export function hasLeft({ status }: Pick<Trust, 'status'>): boolean {
  return (
    status?.conditions?.some(
      ({ type, reason }) => type === TrustCondition.ready && reason === TrustReason.left,
    ) === true
  )
}

export class Leaver {
  readonly #deps: LeaverDeps
  readonly #namespace: string
  /** Since when it is told, monotonic milliseconds. */
  #toldSince: number | undefined

  constructor(deps: LeaverDeps, namespace: string) {
    this.#deps = deps
    this.#namespace = namespace
  }

  /** Goes on with leaving, which has been told by now; milliseconds until it is to be called again, or undefined: it is over. */
  async look(): Promise<number | undefined> {
    const now = this.#deps.clock.monotonic()
    this.#toldSince ??= now
    const left = this.#toldSince + LEAVE_TELL_MS - now
    if (left > 0) return left
    await this.#forget()
    return undefined
  }

  /** The cluster stays after all, or is a member again. */
  reset(): void {
    this.#toldSince = undefined
  }

  /** It was invited again: it leaves no longer. */
  async stay(): Promise<void> {
    this.reset()
    await this.#deps.client.patch(Resource.trust, this.#ref(TRUST), 'merge', { spec: { leave: null } })
    this.#deps.tell('Rejoined', 'the cluster was invited again')
  }

  async #forget(): Promise<void> {
    const { client, tell } = this.#deps
    const links = await client.list<LinkResource>(Resource.link, { namespace: this.#namespace })
    for (const { metadata } of links.items) await client.delete(Resource.link, this.#ref(metadata.name ?? ''))
    for (const name of SECRETS) await client.delete(Resource.secret, this.#ref(name))
    tell('Left', 'links and keys of the clusterset are deleted')
  }

  #ref(name: string): { namespace: string; name: string } {
    return { namespace: this.#namespace, name }
  }
}
