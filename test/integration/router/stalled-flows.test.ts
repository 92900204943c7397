/** A peer that resets while nobody takes its bytes: noticed all the same, at both ends of the flow; real sockets. */
import type { Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { STALL_PROBE_MS } from '../../../src/router/limits.ts'
import { eventually } from '../../support/eventually.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { MemoryWorld, type WorldRouter } from '../../support/memory-world.ts'
import { echoPort } from '../../support/router-pair.ts'
import { directoryOf, exportingEcho, exportingNothing, importingEcho } from '../../support/routes.ts'
import { dial, howItEnds, serve, type TestServer } from '../../support/tcp.ts'

/** More than all windows and kernel buffers on the way hold together: this many of these. */
const PIECE = Buffer.alloc(1 << 20)
const PIECES = 64

let world: MemoryWorld
let west: WorldRouter
let east: WorldRouter
let clock: FakeClock
let server: TestServer
let accepted: Socket | undefined

beforeEach(async () => {
  world = new MemoryWorld()
  clock = new FakeClock()
  accepted = undefined
  west = await world.router('west', importingEcho, { clock })
  east = await world.router('east', exportingNothing, { clock })
  world.link(['west', west], ['east', east])
  world.directory.set(directoryOf({ east: 1 }))
  server = await serve((socket) => {
    accepted = socket
    socket.pause()
  })
  east.routes.set(exportingEcho(server.port))
})

afterEach(async () => {
  await world[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

/** Writes until nothing more leaves. */
async function stall(socket: Socket): Promise<void> {
  for (let i = 0; i < PIECES; i++) socket.write(PIECE)
  let before = -1
  await eventually(
    () => {
      const left = socket.writableLength
      const still = left === before && left < PIECES * PIECE.length
      before = left
      return still
    },
    { every: 500 },
  )
}

async function expectReset(other: Socket): Promise<void> {
  const ending = howItEnds(other)
  expect([west.dataPath.openFlows, east.dataPath.openFlows]).toEqual([1, 1])
  await clock.advance(STALL_PROBE_MS)
  await eventually(() => expect([west.dataPath.openFlows, east.dataPath.openFlows]).toEqual([0, 0]))
  other.resume()
  expect(await ending).toBe('ECONNRESET')
}

test('a client that resets while its server reads nothing', async () => {
  const client = await dial(await echoPort(west.dataPath))
  client.on('error', () => {})
  await stall(client)
  client.resetAndDestroy()
  await eventually(() => accepted !== undefined)
  if (accepted !== undefined) await expectReset(accepted)
})

test('a server that resets while its client reads nothing', async () => {
  const client = await dial(await echoPort(west.dataPath))
  client.pause()
  client.write('hello')
  await eventually(() => accepted !== undefined)
  const backend = accepted
  if (backend === undefined) return
  await stall(backend)
  backend.resetAndDestroy()
  await expectReset(client)
})
