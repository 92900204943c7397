// Pods of the globalnet tests, run by plain node: each serves (`serve`), and asks others when it is told to over HTTP. Servers
// say whom they see and send everything back. The other verbs are for client pods and print one line of JSON: `ask ASKS`
// asks by itself, `order ORDERS` has pods ask, all at once.
import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

const PORT = { control: 7400, tcp: 7401, udp: 7402 }

/** A connection that has not ended by then hangs, milliseconds. */
const PATIENCE = 15_000
/** A datagram that has not come back by then is lost, milliseconds; UDP may lose one, but not again and again. */
const LOST_AFTER = 2000
const ATTEMPTS = 3
/** Between two messages of a conversation, milliseconds. */
const TALK_PAUSE = 20

const hashOf = (bytes) => createHash('sha256').update(bytes).digest('hex')

// Server

function serveTcp() {
  createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    socket.write(`${socket.remoteAddress}\n`)
    socket.pipe(socket)
  }).listen(PORT.tcp, process.env.POD_IP)
}

function serveUdp() {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 })
  socket.on('message', (message, { address, port }) =>
    socket.send(Buffer.concat([Buffer.from(`${address}\n`), message]), port, address),
  )
  socket.bind(PORT.udp, process.env.POD_IP)
}

// Client

/** What the server sees as our address; `at` is the address that was asked. Throws when other bytes come back than left. */
function check(answer, payload, at) {
  const line = answer.indexOf(10)
  const back = answer.subarray(line + 1)
  if (hashOf(back) !== hashOf(payload)) throw new Error(`${back.length} other bytes than ${payload.length}`)
  return { saw: answer.toString('latin1', 0, line), at }
}

async function askTcp({ host, port = PORT.tcp, bytes = 8 }) {
  const socket = connect({ host, port, allowHalfOpen: true })
  socket.setTimeout(PATIENCE, () => socket.destroy(new Error('it hangs')))
  const answered = socket.toArray()
  const payload = randomBytes(bytes)
  socket.end(payload)
  let at
  socket.once('connect', () => {
    at = socket.remoteAddress
  })
  return check(Buffer.concat(await answered), payload, at)
}

async function askUdp({ host, port = PORT.udp, bytes = 8 }) {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 })
  try {
    socket.connect(port, host)
    await once(socket, 'connect')
    // The same in each attempt: the answer to an earlier one may come late.
    const payload = randomBytes(bytes)
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const answer = once(socket, 'message', { signal: AbortSignal.timeout(LOST_AFTER) })
      socket.send(payload)
      const came = await answer.catch((error) => {
        if (error.name !== 'AbortError') throw error
      })
      if (came !== undefined) return check(came[0], payload, socket.remoteAddress().address)
    }
    throw new Error('lost')
  } finally {
    socket.close()
  }
}

async function askOnce(ask) {
  try {
    return await (ask.protocol === 'UDP' ? askUdp : askTcp)(ask)
  } catch (error) {
    return { error: error.code ?? error.message }
  }
}

/** Of each ask what came of it, in one list for each; `times` connections at once are one ask. */
function askAll(asks) {
  return Promise.all(
    asks.map((each) => Promise.all(Array.from({ length: each.times ?? 1 }, () => askOnce(each)))),
  )
}

/** A conversation without an end: each message comes back before the next one leaves. */
async function talk({ host, port = PORT.tcp }, state) {
  const socket = connect({ host, port, noDelay: true })
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]()
  socket.on('error', (error) => {
    state.failed = error.code
  })
  state.saw = (await lines.next()).value
  for (;;) {
    socket.write(`${state.messages}\n`)
    const { value, done } = await lines.next()
    if (done || value !== String(state.messages)) throw new Error(`message ${state.messages}: ${value}`)
    state.messages += 1
    await sleep(TALK_PAUSE)
  }
}

// What pods are told to do

const talks = []

const orders = {
  ask: askAll,
  /** Begins conversations. */
  talk(asks) {
    for (const each of asks) {
      const state = { messages: 0 }
      talks.push(state)
      talk(each, state).catch((error) => {
        state.failed ??= error.code ?? error.message
      })
    }
    return talks
  },
  /** How far they are. */
  talks: () => talks,
  run: ([program, ...args]) =>
    new Promise((resolve) => {
      execFile(program, args, { maxBuffer: 16 << 20 }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : (error.code ?? -1), stdout, stderr }),
      )
    }),
}

function serve() {
  serveTcp()
  serveUdp()
  createHttpServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString()
    response.end(JSON.stringify(await orders[request.url.slice(1)](JSON.parse(body))))
  }).listen(PORT.control, process.env.POD_IP)
}

/** Each order is `{ pod: address, order, body }`. */
function order(list) {
  return Promise.all(
    list.map(async ({ pod, order: name, body }) => {
      const answer = await fetch(`http://${pod}:${PORT.control}/${name}`, {
        method: 'POST',
        body: JSON.stringify(body),
      })
      return await answer.json()
    }),
  )
}

const [verb, text] = process.argv.slice(2)
if (verb === 'serve') serve()
else {
  const verbs = { ask: askAll, order }
  process.stdout.write(`${JSON.stringify(await verbs[verb](JSON.parse(text)))}\n`)
  process.exit(0)
}
