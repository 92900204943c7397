/** Listening ports follow the snapshot. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { Protocol } from '../../../src/api/objects.ts'
import type { ListenerSpec } from '../../../src/api/route-snapshot.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { silentLogger } from '../../../src/core/log.ts'
import { createMetrics, type Metrics } from '../../../src/core/metrics.ts'
import { Listeners } from '../../../src/router/listeners.ts'
import { eventually } from '../../support/eventually.ts'
import { closedPort, dial, howItEnds, serve } from '../../support/tcp.ts'

let metrics: Metrics
let listeners: Listeners
let accepted: { spec: ListenerSpec; socket: Socket }[]

beforeEach(() => {
  metrics = createMetrics()
  accepted = []
  const accept = (spec: ListenerSpec, socket: Socket): void => {
    accepted.push({ spec, socket: socket.on('error', () => {}) })
  }
  const udpListener = (): never => {
    throw new Error('these tests have no UDP')
  }
  const deps = { clock: systemClock, log: silentLogger, metrics, accept, udpListener }
  listeners = new Listeners(deps, '127.0.0.1')
})

afterEach(() => {
  reconcile([])
  for (const { socket } of accepted) socket.destroy()
})

/** All of them have somewhere to go. */
function reconcile(specs: readonly ListenerSpec[]): void {
  listeners.reconcile(specs, () => true)
}

function spec(name: string, listenPort: number, protocol: Protocol = 'TCP'): ListenerSpec {
  return { service: `demo/${name}`, protocol, port: 80, listenPort, addresses: [] }
}

async function bound(name: string): Promise<number> {
  return await eventually(
    () =>
      listeners.portOf({ service: `demo/${name}`, protocol: 'TCP', port: 80 }) ??
      Promise.reject(new Error('not bound')),
  )
}

test('a listener that stays is not touched when others come and go', async () => {
  reconcile([spec('a', 0)])
  const port = await bound('a')
  reconcile([spec('b', 0), spec('a', 0)])
  await bound('b')
  reconcile([spec('a', 0)])
  expect(await bound('a')).toBe(port)
  const client = await dial(port)
  await eventually(() => expect(accepted.map(({ spec: { service } }) => service)).toEqual(['demo/a']))
  client.destroy()
})

test('a removed listener refuses at once and its connections stay', async () => {
  reconcile([spec('a', 0)])
  const port = await bound('a')
  const client = await dial(port)
  await eventually(() => expect(accepted).toHaveLength(1))
  reconcile([])
  expect(await howItEnds(connect(port, '127.0.0.1'))).toBe('ECONNREFUSED')
  accepted[0]?.socket.write('still here')
  expect(String((await once(client, 'data'))[0])).toBe('still here')
  client.destroy()
})

test('a port may pass from one service to another in one change', async () => {
  const port = await closedPort()
  reconcile([spec('a', port)])
  await bound('a')
  reconcile([spec('b', port)])
  expect(await bound('b')).toBe(port)
  const client = await dial(port)
  await eventually(() => expect(accepted.map(({ spec: { service } }) => service)).toEqual(['demo/b']))
  client.destroy()
})

test('a port in use is reported, tried again, and bound once it is free', async () => {
  const other = await serve(() => {})
  reconcile([spec('a', other.port)])
  await eventually(() =>
    expect(listeners.failures()).toEqual([`listener ${other.port} (demo/a:80): EADDRINUSE`]),
  )
  expect(await metrics.text()).toContain('fairlead_router_listeners_failed 1')
  await other[Symbol.asyncDispose]()
  expect(await bound('a')).toBe(other.port)
  await eventually(() => expect(listeners.failures()).toEqual([]))
})

test('a port of a protocol that is not carried is counted and does no harm', async () => {
  reconcile([spec('u', 0, 'SCTP'), spec('a', 0)])
  await bound('a')
  expect(listeners.failures()).toEqual([])
  expect(await metrics.text()).toContain('fairlead_router_listeners_unserved 1')
  reconcile([spec('a', 0)])
  expect(await metrics.text()).toContain('fairlead_router_listeners_unserved 0')
})
