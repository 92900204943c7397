import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { Forwarder } from '../../../src/lab/host/forwarder.ts'
import { eventually } from '../../support/eventually.ts'

let folder: string
let server: Server
let forwarder: Forwarder
let accepted: Socket[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-forwarder-'))
  accepted = []
  server = createServer({ allowHalfOpen: true }, (socket) => {
    accepted.push(socket)
    socket.on('error', () => {})
    socket.pipe(socket)
  })
  server.listen(join(folder, 'socket'))
  await once(server, 'listening')
  forwarder = new Forwarder({ socketPath: join(folder, 'socket') })
  await forwarder.start()
})

afterEach(async () => {
  await forwarder.stop()
  for (const socket of accepted) socket.destroy()
  server.close()
  await rm(folder, { recursive: true })
})

async function dial(): Promise<Socket> {
  const socket = connect({ port: forwarder.port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

async function echo(socket: Socket, text: string): Promise<string> {
  socket.write(text)
  const [data] = (await once(socket, 'data')) as [Buffer]
  return data.toString()
}

test('bytes and half-closes pass both ways', async () => {
  const socket = await dial()
  expect(await echo(socket, 'hello')).toBe('hello')
  socket.end()
  await once(socket, 'end')
})

test('a client that resets its connection ends the far one and harms no other', async () => {
  const steady = await dial()
  const reset = await dial()
  await echo(reset, 'x')
  reset.resetAndDestroy()
  await eventually(() => accepted.filter((socket) => socket.destroyed).length === 1)
  expect(await echo(steady, 'still here')).toBe('still here')
})

test('a server that goes away ends the client', async () => {
  const socket = await dial()
  await echo(socket, 'x')
  for (const one of accepted) one.destroy()
  await once(socket, 'end')
})
