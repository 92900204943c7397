// Both ends of the UDP tests, run by plain node: `serve` in a pod, the other verbs in a client pod (one JSON line each).
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

const PORT = { ready: 7300, echo: 7301, call: 7302 }

/** A datagram that has not come back by then is lost, milliseconds. */
const LOST_AFTER = 2000
/** UDP may lose a datagram; one that is lost again and again does not get through. */
const ATTEMPTS = 3

/** How long the server of `call` says nothing before it speaks first, milliseconds. */
const SILENCE = 1500

function listen(port, onMessage) {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 }, (message, peer) =>
    onMessage(message, (answer) => socket.send(answer, peer.port, peer.address)),
  )
  socket.bind(port, process.env.POD_IP)
}

function serve() {
  createServer((_request, response) => response.end('ok\n')).listen(PORT.ready, process.env.POD_IP)
  listen(PORT.echo, (message, answer) => answer(message))
  listen(PORT.call, (message, answer) => {
    const text = message.toString()
    if (text.startsWith('REGISTER')) {
      answer(`200 ${text}`)
      // Where the client registered from is all the server knows of it: it calls there, by itself.
      setTimeout(() => answer('INVITE 1'), SILENCE)
    } else if (text.startsWith('180')) answer('PRACK')
    else if (text.startsWith('200')) answer('ACK')
  })
}

/** A socket of ours that speaks to one port of the service. */
async function dial(host, port, local = 0) {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 })
  socket.bind(local)
  await once(socket, 'listening')
  socket.connect(port, host)
  await once(socket, 'connect')
  return socket
}

/** The next datagram; undefined when none comes in time. */
async function next(socket, within = LOST_AFTER) {
  const came = once(socket, 'message', { signal: AbortSignal.timeout(within) })
  return await came.then(([message]) => message).catch(() => undefined)
}

/** Each size there and back, one after the other: what came, as the size it had or what was wrong with it. */
async function echo(host, sizes) {
  const socket = await dial(host, PORT.echo)
  const came = []
  for (const size of sizes.split(',').map(Number)) came.push(await echoOne(socket, randomBytes(size)))
  return { came }
}

async function echoOne(socket, payload) {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const answer = next(socket)
    socket.send(payload)
    const message = await answer
    if (message?.equals(payload)) return payload.length
    if (message !== undefined) return `${message.length} other bytes`
  }
  return 'lost'
}

/** Many datagrams of all sizes at once: each comes back by itself, as it was sent, and once. */
async function burst(host, count) {
  const socket = await dial(host, PORT.echo)
  const waiting = new Set(
    Array.from({ length: Number(count) }, (_, i) =>
      Buffer.concat([Buffer.from(`${i} `), randomBytes(i * 23)]).toString('hex'),
    ),
  )
  const strange = []
  socket.on('message', (message) => {
    if (!waiting.delete(message.toString('hex'))) strange.push(message.length)
  })
  for (const hex of [...waiting]) socket.send(Buffer.from(hex, 'hex'))
  for (let waited = 0; waiting.size > 0 && waited < LOST_AFTER; waited += 20) await sleep(20)
  await sleep(200) // A doubled datagram would come after the last.
  return { lost: waiting.size, strange }
}

/** Registers, is called, rings, answers; all that the server said. */
async function call(host) {
  const socket = await dial(host, PORT.call)
  const heard = []
  const say = async (text) => {
    const answer = next(socket, SILENCE + LOST_AFTER)
    if (text !== undefined) socket.send(text)
    heard.push((await answer)?.toString())
  }
  await say('REGISTER sip:boat')
  await say(undefined)
  await say('180 Ringing')
  await say('200 OK')
  return { heard }
}

/** One exchange from each of `count` ports, in some sockets at a time. */
async function many(host, count, firstPort, atOnce = 200) {
  let answered = 0
  const ports = Array.from({ length: Number(count) }, (_, i) => Number(firstPort) + i)
  const work = async () => {
    for (let port = ports.pop(); port !== undefined; port = ports.pop()) {
      const socket = await dial(host, PORT.echo, port)
      const payload = Buffer.from(String(port))
      if ((await echoOne(socket, payload)) === payload.length) answered += 1
      socket.close()
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return { answered }
}

/**
 * One association that is used until standard input ends; each line on it is answered with what came of it. `again`: sent
 * once more, as no answer had come in time; `late`: answers to an earlier one; `lost`: no answer to any attempt.
 */
async function steady(host) {
  const socket = await dial(host, PORT.echo)
  const came = { answered: 0, again: 0, late: 0, lost: 0, wrong: 0, slowestMs: 0 }
  const sent = new Set()
  let isOver = false
  const input = createInterface({ input: process.stdin })
  input
    .on('line', () => process.stdout.write(`${JSON.stringify(came)}\n`))
    .on('close', () => {
      isOver = true
    })
  while (!isOver) {
    const message = randomBytes(400)
    const began = performance.now()
    const attempts = await untilAnswered(socket, message, sent, came)
    came.again += attempts - 1
    came.slowestMs = Math.max(came.slowestMs, Math.round(performance.now() - began))
    await sleep(20)
  }
  socket.close()
  return came
}

/** How often it was sent. Remembers what had to be sent twice: another answer to that may still come. */
async function untilAnswered(socket, message, sent, came) {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const deadline = performance.now() + LOST_AFTER
    let coming = next(socket)
    socket.send(message)
    for (;;) {
      const answer = await coming
      if (answer === undefined) break
      if (answer.equals(message)) {
        came.answered += 1
        return attempt
      }
      if (sent.has(answer.toString('hex'))) came.late += 1
      else came.wrong += 1
      coming = next(socket, Math.max(1, Math.round(deadline - performance.now())))
    }
    sent.add(message.toString('hex'))
  }
  came.lost += 1
  return ATTEMPTS
}

/** A datagram every 20 ms from one port until standard input ends, whatever comes back; each line on it is answered with how many. */
async function pour(host, port) {
  const socket = await dial(host, Number(port))
  const counts = { sent: 0, answered: 0 }
  socket.on('message', () => {
    counts.answered += 1
  })
  socket.on('error', () => {}) // The kernel's word that nobody takes them.
  const input = createInterface({ input: process.stdin })
  input.on('line', () => process.stdout.write(`${JSON.stringify(counts)}\n`))
  const timer = setInterval(() => {
    counts.sent += 1
    socket.send(randomBytes(400))
  }, 20)
  await once(input, 'close')
  clearInterval(timer)
  return counts
}

const verbs = { echo, burst, call, many, steady, pour }
const [verb, ...args] = process.argv.slice(2)
if (verb === 'serve') serve()
else {
  process.stdout.write(`${JSON.stringify(await verbs[verb](...args))}\n`)
  process.exit(0)
}
