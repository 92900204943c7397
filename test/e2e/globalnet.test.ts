/** Global addresses between two clusters of two nodes: who is reached by which, whom servers see, and what faults change. */
import { afterAll, beforeAll } from '@jest/globals'
import { type Clusters, upLab } from '../support/clusters.ts'
import { CLUSTERS } from '../support/global-objects.ts'
import { driftCases, endCases, killCases } from '../support/globalnet/fault-cases.ts'
import { moveCases, nameCases, reachCases } from '../support/globalnet/reach-cases.ts'
import { GlobalScene, UP } from '../support/globalnet/scene.ts'
import { badRangeCases, overlapCases, poolCases } from '../support/globalnet/shortage-cases.ts'
import { describeInLab } from '../support/missing.ts'

/** A router for each node, and enough connections that each has some. */
const TRIES = 8

describeInLab(['dig'], 'global addresses', () => {
  let clusters: Clusters
  let opened: GlobalScene
  const scene = () => opened

  beforeAll(async () => {
    clusters = await upLab([...CLUSTERS], '--nodes', '2', '--bare')
    opened = await GlobalScene.open(clusters, TRIES)
  }, UP)
  afterAll(() => clusters?.down(), 60_000)

  reachCases(scene)
  nameCases(scene)
  moveCases(scene)
  killCases(scene, ['agent', 'controller', 'api-server', 'router'])
  driftCases(scene)
  poolCases(scene)
  badRangeCases(scene)
  overlapCases(scene)
  endCases(scene)
})
