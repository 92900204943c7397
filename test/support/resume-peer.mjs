// Both ends of the resume tests, run by plain node: `serve` in a pod, the other verbs in a client pod. Clients print JSON
// lines: how far they are, and what came of it in the last.
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { hashOf, pattern, patternHash } from './pattern.mjs'

const PORT = { http: 7200, send: 7201, take: 7202, talk: 7203, hold: 7204 }

/** Transfers say how far they are this often, bytes. */
const REPORT = 8 * 1024 * 1024

/** Between two messages of a conversation, milliseconds: a hundred conversations are five thousand messages a second. */
const TALK_PAUSE = 20

const digest = (text) => createHash('sha256').update(text).digest('base64')
const tell = (value) => process.stdout.write(`${JSON.stringify(value)}\n`)

async function send(socket, total, pace = () => {}) {
  let bytes = 0
  for (const chunk of pattern(total)) {
    if (!socket.write(chunk)) await once(socket, 'drain')
    bytes += chunk.length
    await pace(bytes)
  }
  socket.end()
}

/** Resolves with the code of the error that ended a socket, or says that it ended cleanly. */
function endOf(socket) {
  return new Promise((resolve) => {
    socket.on('error', (error) => resolve(error.code))
    socket.on('end', () => resolve('a clean end'))
    socket.resume()
  })
}

// Server

function listen(port, serve) {
  createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    socket.on('error', () => {})
    Promise.resolve(serve(socket)).catch(() => {})
  }).listen(port, process.env.POD_IP)
}

/** Answers message n with n and its digest; a number that is not the next ends it. */
async function answer(socket) {
  let next = 0
  for await (const line of createInterface({ input: socket })) {
    const [number, payload] = line.split(' ')
    if (Number(number) !== next++) return socket.end(`not the next: ${number}\n`)
    socket.write(`${number} ${digest(payload)}\n`)
  }
  socket.end()
}

function serve() {
  const ends = []
  createHttpServer((_request, response) => response.end(JSON.stringify(ends))).listen(
    PORT.http,
    process.env.POD_IP,
  )
  // The client says how much it wants in one line.
  listen(PORT.send, async (socket) => send(socket, Number((await once(socket, 'data'))[0])))
  listen(PORT.take, async (socket) => socket.end(JSON.stringify(await hashOf(socket))))
  listen(PORT.talk, answer)
  listen(PORT.hold, async (socket) => {
    socket.write('held\n')
    ends.push(await endOf(socket))
  })
}

// Client

async function dial(host, port) {
  const socket = connect({ host, port, allowHalfOpen: true, noDelay: true })
  await once(socket, 'connect')
  return socket
}

/** Holds a transfer down to a rate, and tells how far it is. */
function pacer(bytesPerSecond) {
  const began = performance.now()
  let told = 0
  return async (bytes) => {
    if (bytes - told >= REPORT) {
      told = bytes
      tell({ bytes })
    }
    const ahead = (bytes / bytesPerSecond) * 1000 - (performance.now() - began)
    if (ahead > 10) await sleep(ahead)
  }
}

/** Our side is closed before the first byte comes: half-closed flows have to outlive faults too. */
async function download(host, total, rate) {
  const socket = await dial(host, PORT.send)
  socket.end(`${total}\n`)
  tell({ ...(await hashOf(socket, pacer(Number(rate)))), expected: patternHash(Number(total)) })
}

async function upload(host, total, rate) {
  const socket = await dial(host, PORT.take)
  const answered = socket.toArray()
  await send(socket, Number(total), pacer(Number(rate)))
  const answer = JSON.parse(Buffer.concat(await answered).toString())
  tell({ ...answer, expected: patternHash(Number(total)) })
}

/** One conversation: every message has its number, and the answer must be this message's. */
async function converse(host, state) {
  const socket = await dial(host, PORT.talk)
  const answers = createInterface({ input: socket })[Symbol.asyncIterator]()
  while (!state.over) {
    const payload = randomBytes(1 + Math.floor(Math.random() * 120)).toString('hex')
    socket.write(`${state.messages} ${payload}\n`)
    const { value } = await answers.next()
    if (value !== `${state.messages} ${digest(payload)}`)
      throw new Error(`message ${state.messages}: ${value}`)
    state.messages += 1
    await sleep(TALK_PAUSE)
  }
  socket.end()
  if (!(await answers.next()).done) throw new Error('more after the last answer')
}

/** `count` conversations until standard input ends; each line on it is answered with how far they are. */
async function talk(host, count) {
  const states = Array.from({ length: Number(count) }, () => ({ messages: 0, over: false }))
  const failed = []
  const all = states.map((state) =>
    converse(host, state).catch((error) => failed.push(error.code ?? error.message)),
  )
  const summary = () => ({
    least: Math.min(...states.map(({ messages }) => messages)),
    total: states.reduce((sum, { messages }) => sum + messages, 0),
    failed,
  })
  for await (const _line of createInterface({ input: process.stdin })) tell(summary())
  for (const state of states) state.over = true
  await Promise.all(all)
  tell({ ...summary(), ended: true })
}

async function hold(host) {
  const socket = await dial(host, PORT.hold)
  tell({ held: (await once(socket, 'data'))[0].toString() })
  tell({ ended: await endOf(socket) })
  process.exit(0)
}

const verbs = { serve, download, upload, talk, hold }
const [verb, ...args] = process.argv.slice(2)
await verbs[verb](...args)
