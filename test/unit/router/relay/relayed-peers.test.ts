/** Which path a flow takes to a router beyond our neighbours, and what is known of routers reached like that. */
import { beforeEach, describe, expect, test } from '@jest/globals'
import {
  type FlowChannel,
  FlowCondition,
  type FlowError,
  type FlowHandler,
  type FlowRequest,
} from '../../../../src/amqp/flow-transport.ts'
import { ByteBudget } from '../../../../src/core/byte-budget.ts'
import { createMetrics } from '../../../../src/core/metrics.ts'
import { MAX_IDLE_GUESTS, PATH_HOLD_MS } from '../../../../src/router/relay/limits.ts'
import type { RouterRoute } from '../../../../src/router/relay/path-source.ts'
import type { RelayedRequest } from '../../../../src/router/relay/relay.ts'
import { RelayedPeers } from '../../../../src/router/relay/relayed-peers.ts'
import { FlowKeeper } from '../../../../src/router/resume/flow-keeper.ts'
import type { RawConnection } from '../../../../src/router/resume/raw-connection.ts'
import { ResumableTransport } from '../../../../src/router/resume/resumable-transport.ts'
import { TokenSource } from '../../../../src/router/resume/token-source.ts'
import { handlerOf } from '../../../support/connection-pair.ts'
import { HandClock } from '../../../support/hand-clock.ts'
import { TCP_REQUEST } from '../../../support/resume-world.ts'
import { StaticPaths } from '../../../support/static-paths.ts'

const NO_ROUTE: FlowError = { condition: FlowCondition.noRoute, description: 'not here' }

/** A neighbour on which flows are opened and stay. */
class Hop implements RawConnection {
  usable = true
  draining = false
  readonly openFlows = 0
  readonly peer: { containerId: string; instance: string }
  readonly opened: { request: FlowRequest; handler: FlowHandler }[] = []

  constructor(instance: string) {
    this.peer = { containerId: instance, instance }
  }

  open(request: FlowRequest, handler: (channel: FlowChannel) => FlowHandler): FlowChannel {
    const channel = channelOf(`${this.peer.instance} ${this.opened.length}`)
    this.opened.push({ request, handler: handler(channel) })
    return channel
  }

  close(): void {}
}

function channelOf(id: string): FlowChannel {
  const nothing = () => {}
  return {
    id,
    writable: 1,
    dropped: 0,
    write: nothing,
    end: nothing,
    reset: nothing,
    consumed: nothing,
    accept: nothing,
  }
}

let clock: HandClock
let keeper: FlowKeeper
let source: StaticPaths
let hops: Map<string, Hop>
let peers: RelayedPeers
let changes: number
let graceMs: number

beforeEach(() => {
  clock = new HandClock()
  keeper = new FlowKeeper({ clock, metrics: createMetrics(), budget: new ByteBudget(1024 * 1024) })
  source = new StaticPaths()
  hops = new Map([
    ['left', new Hop('left')],
    ['right', new Hop('right')],
  ])
  changes = 0
  graceMs = 0
  peers = new RelayedPeers({
    clock,
    source,
    origin: () => ({ cluster: 'west', router: 'us', name: 'west/us' }),
    vouch: (_request, way) => way,
    hopTo: (router) => hops.get(router),
    changed: () => {
      changes += 1
    },
    createTransport: (connection) =>
      new ResumableTransport(
        {
          keeper,
          tokens: new TokenSource(),
          graceOf: () => graceMs,
          accept: (_request, channel) => {
            channel.accept()
            return handlerOf()
          },
        },
        connection,
        connection.cluster,
      ),
  })
})

function routeTo(router: string, changes_: Partial<RouterRoute> = {}): RouterRoute {
  return {
    router,
    name: `east/${router}`,
    cluster: 'east',
    cost: 2,
    paths: [
      ['left', router],
      ['right', router],
    ],
    draining: false,
    ...changes_,
  }
}

function hop(name: string): Hop {
  const found = hops.get(name)
  if (found === undefined) throw new Error(`no hop ${name}`)
  return found
}

/** Opens so many flows to east; the conditions of those that end. */
function open(count: number): string[] {
  const ends: string[] = []
  for (let index = 0; index < count; index++) {
    peers
      .transportTo('east')
      ?.open(TCP_REQUEST, () => handlerOf({ onReset: ({ condition }) => void ends.push(condition) }))
  }
  return ends
}

const openedOn = (name: string) => hop(name).opened.length

describe('paths', () => {
  test('the way that is written into an opening is the whole path, and who we are', () => {
    source.set([routeTo('b', { paths: [['left', 'middle', 'b']] })])
    open(1)
    expect(hop('left').opened[0]?.request.relay).toEqual({
      path: ['left', 'middle', 'b'],
      travelled: [],
      cluster: 'east',
      origin: { cluster: 'west', router: 'us', name: 'west/us' },
    })
  })

  test('flows spread over paths of the same cost', () => {
    source.set([routeTo('b')])
    open(10)
    expect([openedOn('left'), openedOn('right')]).toEqual([5, 5])
  })

  test('a path that a flow found broken is left alone for a while, and others are told twice', () => {
    source.set([routeTo('b')])
    const ends = open(1)
    changes = 0
    hop('left').opened[0]?.handler.onReset(NO_ROUTE)
    expect([ends, changes]).toEqual([[FlowCondition.noRoute], 1])
    open(3)
    expect([openedOn('left'), openedOn('right')]).toEqual([1, 3])
    clock.advance(PATH_HOLD_MS)
    expect(changes).toBe(2)
    open(1)
    expect(openedOn('left')).toBe(2)
  })

  test('with its only path broken a cluster is not reachable until that may be tried again', () => {
    source.set([routeTo('b', { paths: [['left', 'b']] })])
    open(1)
    hop('left').opened[0]?.handler.onReset({ condition: FlowCondition.linkLost, description: 'beyond' })
    expect([peers.reachable(), peers.costTo('east')]).toEqual([[], Number.POSITIVE_INFINITY])
    clock.advance(PATH_HOLD_MS)
    expect([peers.reachable(), peers.costTo('east')]).toEqual([['east'], 2])
  })

  test('what an application or a backend says tells nothing of the path', () => {
    source.set([routeTo('b', { paths: [['left', 'b']] })])
    open(2)
    hop('left').opened[0]?.handler.onReset({ condition: FlowCondition.reset, description: 'client' })
    hop('left').opened[1]?.handler.onReset({ condition: FlowCondition.connectFailed, description: 'no' })
    expect(peers.reachable()).toEqual(['east'])
  })

  test('a path whose first hop is lost or drains is not taken while there is another', () => {
    source.set([routeTo('b')])
    hop('left').draining = true
    open(2)
    hop('right').usable = false
    expect(peers.transportTo('east')).toBeUndefined()
    hop('left').draining = false
    open(1)
    expect([openedOn('left'), openedOn('right')]).toEqual([1, 2])
  })

  test('a neighbour needs no relay: a path of one hop is none, and tells what the link costs', () => {
    source.set([routeTo('left', { paths: [['left']], cost: 7 })])
    expect([peers.transportTo('east'), peers.reachable()]).toEqual([undefined, []])
    expect([peers.costOfNeighbour('left'), peers.costOfNeighbour('right')]).toEqual([7, 1])
  })
})

describe('routers', () => {
  test('the cheapest router of a cluster is taken, and none that drains', () => {
    source.set([
      routeTo('dear', { cost: 5, paths: [['left', 'dear']] }),
      routeTo('cheap', { cost: 2, paths: [['right', 'cheap']] }),
    ])
    open(2)
    expect(openedOn('right')).toBe(2)
    source.set([
      routeTo('dear', { cost: 5, paths: [['left', 'dear']] }),
      routeTo('cheap', { draining: true, paths: [['right', 'cheap']] }),
    ])
    open(1)
    expect([openedOn('left'), peers.costTo('east')]).toEqual([1, 5])
  })

  test('a restarted router ends the process of the same name, once the old one is listed no more', () => {
    graceMs = 1000
    const [before, after] = ['old', 'new'].map((router) => routeTo(router, { name: 'east/pod' }))
    if (before === undefined || after === undefined) throw new Error('no routes')
    source.set([before])
    const ends = open(1)
    hop('left').opened[0]?.handler.onAccept()
    source.set([before, after])
    expect(ends).toEqual([])
    source.set([after])
    expect(ends).toEqual([FlowCondition.linkLost])
    // What is told late of the old one does not end the new one.
    const later = open(1)
    hop('right').opened[0]?.handler.onAccept()
    source.set([after, before])
    source.set([before, after])
    expect([later, keeper.processes.size]).toEqual([[], 1])
  })
})

describe('guests', () => {
  function arrive(router: string): FlowHandler | undefined {
    const relay = {
      path: ['us'],
      travelled: ['left'],
      cluster: 'west',
      origin: { cluster: 'east', router, name: `east/${router}` },
    }
    const request: RelayedRequest = {
      ...TCP_REQUEST,
      relay,
      resumable: { token: `of ${router}`, graceMs: 1000 },
    }
    return peers.accept(request, channelOf(router), () => {})
  }

  test('a router that no path leads to may have flows to us, and cannot be reached for that', () => {
    expect(arrive('b')).toBeDefined()
    expect([peers.reachable(), keeper.processes.size]).toEqual([[], 1])
  })

  test('its flows and those opened to it belong to one process', () => {
    const flow = arrive('b')
    source.set([routeTo('b')])
    open(1)
    expect([peers.reachable(), keeper.processes.size]).toEqual([['east'], 1])
    flow?.onClosed()
    source.set([])
    expect(peers.reachable()).toEqual([])
  })

  test('those without flows are forgotten, the longest idle first', () => {
    for (let index = 0; index < 3 * MAX_IDLE_GUESTS; index++) arrive(`r${index}`)?.onClosed()
    // The keeper remembers as many processes again.
    expect(keeper.processes.size).toBeLessThanOrEqual(2 * MAX_IDLE_GUESTS)
  })
})
