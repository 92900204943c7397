/**
 * The joining side in one controller: what its leader does about JoinRequests.
 */
import type { JoinRequest } from '../../api/invite.ts'
import type { ClusterProperty } from '../../api/mcs.ts'
import { Resource } from '../../api/resources.ts'
import type { Clock } from '../../core/clock.ts'
import type { Startable } from '../../core/lifecycle.ts'
import type { Logger } from '../../core/log.ts'
import type { Metrics } from '../../core/metrics.ts'
import type { EventRecorder } from '../../kube/events.ts'
import { type ReflectorDeps, reflect } from '../../kube/reflector.ts'
import type { Store } from '../../kube/types.ts'
import { JoinReconciler } from './join-reconciler.ts'
import type { JoiningDeps } from './joining.ts'

export interface JoinsDeps {
  readonly client: JoiningDeps['client'] & ReflectorDeps['client']
  readonly properties: Store<ClusterProperty>
  readonly events: Pick<EventRecorder, 'record'>
  readonly metrics: Metrics
  readonly clock: Clock
  readonly log: Logger
}

/** Only the leader may have them started. */
export function joins(deps: JoinsDeps, namespace: string): Startable {
  const { client, clock, log, metrics } = deps
  const requests = reflect<JoinRequest>({ client, clock, log }, Resource.joinRequest, { namespace })
  const count = metrics.counter(
    'fairlead_join_attempts_total',
    'Tries to redeem an invite, by how far they came.',
    ['reason'],
  )
  const tried = (reason: string): void => count({ reason })
  const reconciler = new JoinReconciler({ ...deps, requests, tried }, namespace)
  return {
    async start() {
      await requests.start()
      await reconciler.start()
    },
    async stop() {
      await reconciler.stop()
      await requests.stop()
    },
  }
}
