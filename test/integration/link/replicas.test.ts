/** A Link whose address is a balancer before several routers of one cluster. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { TestClusterset } from '../../support/clusterset.ts'
import { eventually } from '../../support/eventually.ts'
import { linkTo, sample, startNetwork, type TestNetwork } from '../../support/network.ts'

const cleanups: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** Gives connections to its targets in turn. */
class Balancer {
  targets: number[]
  readonly #sockets = new Set<Socket>()
  readonly #server: Server
  #next = 0

  private constructor(targets: number[]) {
    this.targets = targets
    this.#server = createServer((socket) => this.#pass(socket))
  }

  static async start(...targets: number[]): Promise<Balancer> {
    const balancer = new Balancer(targets)
    await new Promise<void>((resolve) => balancer.#server.listen(0, '127.0.0.1', resolve))
    cleanups.push(async () => {
      balancer.#server.close()
      for (const socket of balancer.#sockets) socket.destroy()
    })
    return balancer
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  #pass(socket: Socket): void {
    const target = connect(this.targets[this.#next++ % this.targets.length] ?? 0, '127.0.0.1')
    for (const [one, other] of [
      [socket, target],
      [target, socket],
    ] as const) {
      this.#sockets.add(one)
      one.on('error', () => other.destroy()).on('close', () => other.destroy())
      one.pipe(other)
    }
  }
}

async function eastAndWest(replicas: number) {
  const clusterset = await TestClusterset.create()
  cleanups.push(() => clusterset[Symbol.asyncDispose]())
  const start = async (options: Parameters<typeof startNetwork>[0]) => {
    const started = await startNetwork(options)
    cleanups.push(() => started.network.stop())
    return started
  }
  const eastTls = await clusterset.tlsDir('east')
  const east: TestNetwork[] = []
  for (let index = 0; index < replicas; index++) east.push(await start({ tlsDir: eastTls }))
  const balancer = await Balancer.start(...east.map(({ network }) => network.port))
  const tlsDir = await clusterset.tlsDir('west')
  const west = await start({ tlsDir, links: [linkTo('east', balancer.port)], dataConnections: 2 })
  return { east, west, balancer }
}

function established({ network }: TestNetwork) {
  const [link] = network.linkStatus.current()
  return link?.state.kind === 'established' ? link.state : undefined
}

const connections = ({ metrics }: TestNetwork) => sample(metrics, 'fairlead_link_data_connections')
const sessions = ({ metrics }: TestNetwork) => sample(metrics, 'fairlead_link_sessions')
const idOf = ({ network }: TestNetwork) => network.topology.current().self

test('control session and data connections are with one router', async () => {
  const { east, west } = await eastAndWest(3)
  await eventually(() => established(west) !== undefined)
  const router = established(west)?.remoteRouter
  await eventually(async () => {
    const counts = await Promise.all(east.map(connections))
    expect(counts).toEqual(east.map((each) => (idOf(each) === router ? 2 : 0)))
  })
})

test('when its router drains another one is dialled, and nobody notices a time without', async () => {
  const { east, west, balancer } = await eastAndWest(2)
  await eventually(() => established(west) !== undefined)
  const first = east.find((each) => idOf(each) === established(west)?.remoteRouter)
  const second = east.find((each) => each !== first)
  if (first === undefined || second === undefined) throw new Error('no such routers')
  const gaps: string[] = []
  west.network.linkStatus.subscribe(([link]) => {
    if (link?.state.kind !== 'established') gaps.push(link?.state.kind ?? 'none')
  })
  first.network.drain()
  await eventually(() => established(west)?.remoteRouter === idOf(second))
  expect(await sessions(first)).toBe(1)
  balancer.targets = [second.network.port]
  await first.network.stop()
  await eventually(async () => expect(await connections(west)).toBe(2))
  expect(established(west)?.remoteRouter).toBe(idOf(second))
  expect(gaps).toEqual([])
})

test('while there is no other router the one that drains is kept, though it is dialled again and again', async () => {
  const { east, west } = await eastAndWest(1)
  await eventually(() => established(west) !== undefined)
  const before = established(west)
  const [only] = east
  if (only === undefined) throw new Error('no router')
  only.network.drain()
  await eventually(() => west.network.peers.transportTo('east') === undefined)
  const ended = async () =>
    [...(await only.metrics.text()).matchAll(/^fairlead_link_sessions_ended_total\{.*\} (\d+)$/gm)].reduce(
      (sum, [, count]) => sum + Number(count),
      0,
    )
  await eventually(async () => expect(await ended()).toBeGreaterThan(1))
  await eventually(async () => expect(await sessions(only)).toBe(1))
  expect(established(west)).toEqual(before)
  await west.network.stop()
  await eventually(async () => expect(await sessions(only)).toBe(0))
})
