/**
 * Link.status: what the router process knows of its links, written for people and scripts.
 */

import { metaTime } from '../api/conditions.ts'
import { LinkCondition, type LinkResource } from '../api/link.ts'
import { Resource } from '../api/resources.ts'
import { conditionsOf, type Verdict } from '../api/verdicts.ts'
import type { Clock } from '../core/clock.ts'
import { sameValue } from '../core/compare.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import type { SnapshotSource } from '../core/snapshot.ts'
import { OwnWrites } from '../kube/own-writes.ts'
import { Reconciler, type ReconcilerSource } from '../kube/reconciler.ts'
import type { KubeClient, Store } from '../kube/types.ts'
import type { LinkStatus } from '../link/link-status.ts'
import { EXPORT_WORKERS, WRITE_BACKOFF } from './limits.ts'
import { linkProblem } from './link-reader.ts'

/** Field manager of Link.status. */
const LINK_REPORTER = 'fairlead-router'

/** The status a Link should have. Undefined state: the router has not taken the Link up yet. */
export function linkStatus(
  link: LinkResource,
  state: LinkStatus['state'] | undefined,
  now: number,
): NonNullable<LinkResource['status']> {
  const previous = link.status?.conditions ?? []
  const verdicts = [configured(linkProblem(link), state), established(state), ready(state)]
  const conditions = conditionsOf(verdicts, { previous, generation: link.metadata.generation, now })
  if (state?.kind !== 'established') {
    const remoteCluster = link.status?.remoteCluster
    return { conditions, ...(remoteCluster === undefined ? {} : { remoteCluster }) }
  }
  return { conditions, remoteCluster: state.remoteCluster, since: metaTime(state.since) }
}

function configured(problem: string | undefined, state: LinkStatus['state'] | undefined): Verdict {
  const type = LinkCondition.configured
  if (problem !== undefined) return { type, status: 'False', reason: 'Invalid', message: problem }
  return state === undefined
    ? { type, status: 'False', reason: 'Pending', message: 'no router has taken this link up yet' }
    : { type, status: 'True', reason: 'Configured', message: '' }
}

function established(state: LinkStatus['state'] | undefined): Verdict {
  const type = LinkCondition.established
  switch (state?.kind) {
    case 'established':
      return { type, status: 'True', reason: 'Established', message: `to ${state.endpoint}` }
    case 'revoked':
      return { type, status: 'False', reason: 'Revoked', message: state.lastError }
    case 'waiting':
      return { type, status: 'False', reason: 'Failed', message: state.lastError }
    case 'dialling':
      // The error of the attempt before stays in sight: an attempt is short, the wait between two is not.
      return state.lastError === undefined
        ? { type, status: 'False', reason: 'Dialling', message: '' }
        : { type, status: 'False', reason: 'Failed', message: state.lastError }
    default:
      return { type, status: 'False', reason: 'Pending', message: '' }
  }
}

/** Flows can be carried over it. */
function ready(state: LinkStatus['state'] | undefined): Verdict {
  const type = LinkCondition.ready
  return state?.kind === 'established'
    ? { type, status: 'True', reason: 'Ready', message: '' }
    : { type, status: 'False', reason: 'NotEstablished', message: '' }
}

export interface LinkStatusDeps {
  readonly client: Pick<KubeClient, 'apply'>
  readonly links: Store<LinkResource>
  readonly states: SnapshotSource<readonly LinkStatus[]>
  readonly clock: Clock
  readonly log: Logger
}

/**
 * New and edited Links. Not those whose status changed: two routers that see different things would answer each
 * other's writes for ever.
 */
function specsOf(links: Store<LinkResource>): ReconcilerSource {
  return {
    whenSynced: (signal) => links.whenSynced(signal),
    follow: (add) =>
      links.subscribe((event) => {
        if (event.type === 'updated' && sameValue(event.object.spec, event.previous.spec)) return
        if (event.type !== 'deleted') add(event.object.metadata.name ?? '')
      }),
    keys: () => links.list().map(({ metadata }) => metadata.name ?? ''),
  }
}

/** Writes a Link's status when the link's own state calls for another; never waits in the way of the router. */
export class LinkStatusWriter implements Startable {
  readonly #deps: LinkStatusDeps
  readonly #namespace: string
  readonly #reconciler: Reconciler
  /** Round trips are measured faster than watches show our own writes. */
  readonly #own: OwnWrites<LinkResource>
  #unfollow: () => void = () => {}

  constructor(deps: LinkStatusDeps, namespace: string) {
    this.#deps = deps
    this.#own = new OwnWrites(deps.clock)
    this.#namespace = namespace
    this.#reconciler = new Reconciler(
      { ...deps, log: deps.log.child({ component: 'link-status' }) },
      {
        concurrency: EXPORT_WORKERS,
        backoff: WRITE_BACKOFF,
        sources: [specsOf(deps.links)],
        reconcile: (name) => this.#reconcile(name),
      },
    )
  }

  async start(): Promise<void> {
    this.#unfollow = this.#deps.states.subscribe((next, previous) => {
      for (const name of changedNames(next, previous)) this.#reconciler.enqueue(name)
    })
    await this.#reconciler.start()
  }

  async stop(): Promise<void> {
    this.#unfollow()
    await this.#reconciler.stop()
  }

  async #reconcile(name: string): Promise<void> {
    const { client, links, states, clock } = this.#deps
    const ref = { namespace: this.#namespace, name }
    const stored = links.get(ref)
    const link = this.#own.latest(ref, stored)
    if (stored === undefined || link === undefined) return
    const state = states.current().find((candidate) => candidate.name === name)?.state
    const status = linkStatus(link, state, clock.now())
    if (sameValue(link.status, status)) return
    const applied = await client.apply<LinkResource>(
      Resource.link,
      { metadata: ref, spec: link.spec, status },
      { fieldManager: LINK_REPORTER, subresource: 'status' },
    )
    this.#own.wrote(applied)
  }
}

function changedNames(next: readonly LinkStatus[], previous: readonly LinkStatus[]): string[] {
  const before = new Map(previous.map(({ name, state }) => [name, state]))
  return next.filter(({ name, state }) => !sameValue(before.get(name), state)).map(({ name }) => name)
}
