/** How many flows a relay passes on, for whom, and what is left when they are over. */
import { beforeEach, expect, test } from '@jest/globals'
import {
  type FlowChannel,
  FlowCondition,
  type FlowError,
  type FlowHandler,
} from '../../../../src/amqp/flow-transport.ts'
import { ByteBudget } from '../../../../src/core/byte-budget.ts'
import { createMetrics, type Metrics } from '../../../../src/core/metrics.ts'
import { type Neighbour, Relay } from '../../../../src/router/relay/relay.ts'
import { NO_CHANNEL } from '../../../../src/router/relay/tracked-flow.ts'
import { RawLine } from '../../../support/raw-lines.ts'
import { TCP_REQUEST } from '../../../support/resume-world.ts'
import { metricOf } from '../../../support/udp-metrics.ts'

const id = (letter: string) => letter.repeat(32)
const EAST = id('e')

let metrics: Metrics
let relay: Relay
let overs: (() => void)[]

beforeEach(() => {
  metrics = createMetrics()
  overs = []
  const line = new RawLine({
    window: 64,
    westSees: { containerId: 'east', instance: EAST },
    eastSees: { containerId: 'here', instance: id('0') },
  })
  relay = new Relay(
    {
      here: () => ({ cluster: 'here', router: id('0') }),
      neighbour: (router) => (router === EAST ? { cluster: 'east', connection: line.west } : undefined),
      take: (_request, _channel, onOver) => {
        overs.push(onOver)
        return {} as FlowHandler
      },
      verifyOrigin: () => undefined,
      budget: new ByteBudget(1024),
      metrics,
    },
    { maxFlows: 10, maxArrived: 5 },
  )
})

function neighbourOf(cluster: string): Neighbour {
  const peer = { containerId: `${cluster}/r`, instance: id(cluster.charAt(0)) }
  return {
    cluster,
    connection: { ...new RawLine({ window: 1, westSees: peer, eastSees: peer }).west, peer } as never,
  }
}

/** Conditions that a flow from the router of `cluster` was refused with, and its handler. */
function open(cluster: string, path = [id('0'), EAST], to = 'east') {
  const told: string[] = []
  const channel: FlowChannel = {
    ...NO_CHANNEL,
    reset: ({ condition }: FlowError) => void told.push(condition),
  }
  const origin = { cluster, router: id(cluster.charAt(0)), name: `${cluster}/r` }
  const way = { path, travelled: [], cluster: to, origin }
  const handler = relay.accept({ ...TCP_REQUEST, relay: way }, channel, neighbourOf(cluster))
  return { told, handler }
}

test('one neighbour cannot have all flows of a relay, and gets no-route beyond its share', async () => {
  const flows = Array.from({ length: 10 }, () => open('alpha'))
  expect(flows.filter(({ told }) => told.length === 0)).toHaveLength(8)
  expect(flows.at(-1)?.told).toEqual([FlowCondition.noRoute])
  expect(open('bravo').told).toEqual([])
  expect(relay.size).toBe(9)
  expect(await metricOf(metrics, 'fairlead_router_relayed_flows')).toBe(9)
  expect(await metricOf(metrics, 'fairlead_router_relays_refused_total{cause="full"}')).toBe(2)
})

test('a flow that is over makes room', () => {
  const flows = Array.from({ length: 9 }, () => open('alpha'))
  flows[0]?.handler.onReset({ condition: FlowCondition.reset, description: 'client' })
  expect(relay.size).toBe(7)
  expect(open('alpha').told).toEqual([])
})

test('the same holds for flows that end here', async () => {
  const arriving = () => open('alpha', [id('0')], 'here').told
  expect(Array.from({ length: 5 }, arriving)).toEqual([[], [], [], [], [FlowCondition.noRoute]])
  overs[0]?.()
  expect(arriving()).toEqual([])
  expect(await metricOf(metrics, 'fairlead_router_relay_arrived_flows')).toBe(4)
})

test('a relay that stops tells both ends that the link is lost', () => {
  const { told } = open('alpha')
  relay.stop()
  expect([told, relay.size]).toEqual([[FlowCondition.linkLost], 0])
})
