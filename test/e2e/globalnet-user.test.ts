/**
 * Global addresses in the lab of somebody who is not root: agents with NET_ADMIN in a user namespace only. The same cases as
 * for root (globalnet.test.ts) but those where it is all the same whose network it is: names, an API server or a controller that is killed,
 * and what is said of a pool that is exhausted or a range that is none.
 */
import { afterAll, beforeAll } from '@jest/globals'
import { type Clusters, upLabOf } from '../support/clusters.ts'
import { CLUSTERS } from '../support/global-objects.ts'
import { driftCases, endCases, killCases } from '../support/globalnet/fault-cases.ts'
import { moveCases, reachCases } from '../support/globalnet/reach-cases.ts'
import { GlobalScene, UP } from '../support/globalnet/scene.ts'
import { overlapCases } from '../support/globalnet/shortage-cases.ts'
import { describeInLab } from '../support/missing.ts'
import { type OrdinaryUser, ordinaryUser } from '../support/ordinary-user.ts'

/** Of all clients together there are enough that each router has some. */
const TRIES = 2

describeInLab(['setpriv'], 'global addresses of an ordinary user', () => {
  let user: OrdinaryUser
  let clusters: Clusters
  let opened: GlobalScene
  const scene = () => opened

  beforeAll(async () => {
    user = await ordinaryUser()
    clusters = await upLabOf(user, CLUSTERS, '--nodes', '2', '--bare')
    opened = await GlobalScene.open(clusters, TRIES)
  }, UP)
  afterAll(async () => {
    await clusters?.down()
    await user.leave()
  }, 60_000)

  reachCases(scene)
  moveCases(scene)
  killCases(scene, ['agent', 'router'])
  driftCases(scene)
  overlapCases(scene)
  endCases(scene)
})
