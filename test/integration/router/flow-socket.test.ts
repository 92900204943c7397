/** Ending real sockets: in order after what was written, and by reset at any moment. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { endSocket, resetSocket } from '../../../src/router/flow-socket.ts'
import { dial, howItEnds, readAll, serve, type TestServer } from '../../support/tcp.ts'

let server: TestServer
let near: Socket
let far: Socket

beforeEach(async () => {
  let take: (socket: Socket) => void = () => {}
  const accepted = new Promise<Socket>((resolve) => {
    take = resolve
  })
  server = await serve((socket) => take(socket))
  near = await dial(server.port)
  far = await accepted
})

afterEach(async () => {
  near.destroy()
  await server[Symbol.asyncDispose]()
})

test('a FIN comes after everything that was written before it', async () => {
  const received = readAll(near)
  far.write(Buffer.alloc(8_000_000))
  endSocket(far)
  endSocket(far)
  expect((await received).length).toBe(8_000_000)
})

test('a reset arrives as a reset', async () => {
  const ending = howItEnds(near)
  resetSocket(far)
  expect(await ending).toBe('ECONNRESET')
})

test('a reset right behind a FIN still closes the socket', async () => {
  const closed = once(far, 'close')
  endSocket(far)
  resetSocket(far)
  await closed
  expect(far.destroyed).toBe(true)
})

test('a reset drops what the other side has not read, and no FIN pretends that it was all', async () => {
  near.pause()
  far.write(Buffer.alloc(32_000_000))
  endSocket(far)
  resetSocket(far)
  expect(await howItEnds(near)).toBe('ECONNRESET')
})
