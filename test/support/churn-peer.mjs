// Both ends of the churn test, run by plain node: `serve` in a pod; `run HOST SEED MS WORKERS` in a client pod, which behaves
// at random (but repeatably, by the seed) and prints one JSON line of what came of it.
import { createCipheriv } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const PORT = 7100
const MAX_BYTES = 2 * 1024 * 1024
/** A conversation that takes longer than this hangs, milliseconds. */
const HANG_MS = 20_000

/** Bytes that never repeat: a lost, doubled or moved piece shows. */
const PATTERN = createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16)).update(
  Buffer.alloc(MAX_BYTES),
)

/** Checks a stream against PATTERN as it comes. */
class Checker {
  bytes = 0
  wrongAt = -1

  take(chunk) {
    const expected = PATTERN.subarray(this.bytes, this.bytes + chunk.length)
    if (this.wrongAt < 0 && !chunk.equals(expected)) this.wrongAt = this.bytes
    this.bytes += chunk.length
  }
}

// Server: the first line says what it is to do

const SERVED = {
  /** Sends `size` bytes and FIN, whatever the client does with its side. */
  send: (socket, size) => socket.end(PATTERN.subarray(0, size)),
  /** Takes bytes until FIN and answers how many there were and where the first wrong one was. */
  take: (socket, _size, rest) => {
    const checker = new Checker()
    checker.take(rest)
    socket.on('data', (chunk) => checker.take(chunk))
    socket.on('end', () => socket.end(`${checker.bytes} ${checker.wrongAt}`))
  },
  echo: (socket, _size, rest) => {
    socket.write(rest)
    socket.pipe(socket)
  },
  /** Sends `size` bytes, and then a reset. */
  reset: (socket, size) => socket.write(PATTERN.subarray(0, size), () => socket.resetAndDestroy()),
  /** Reads nothing more until the client is gone, which only a reset tells. */
  deaf: (socket) => socket.pause(),
}

function serve() {
  createServer({ allowHalfOpen: true }, (socket) => {
    let head = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('data', function onHead(chunk) {
      head = Buffer.concat([head, chunk])
      const end = head.indexOf('\n')
      if (end < 0) return
      socket.off('data', onHead)
      const [verb, size] = head.toString('latin1', 0, end).split(' ')
      SERVED[verb](socket, Number(size), head.subarray(end + 1))
    })
    socket.on('end', () => head.indexOf('\n') < 0 && socket.end())
  }).listen(PORT, process.env.POD_IP)
}

// Client

/** mulberry32: the same numbers for the same seed. */
function randomFrom(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const sizeFrom = (random) => Math.floor(MAX_BYTES ** random())

/** What a conversation found out that must never be. */
class Unfaithful extends Error {}

/** The stream must be the first `size` bytes of PATTERN and then a clean end. */
async function expectPattern(socket, size, onChunk = () => {}) {
  const checker = new Checker()
  for await (const chunk of socket) {
    checker.take(chunk)
    await onChunk(checker.bytes)
  }
  if (checker.wrongAt >= 0) throw new Unfaithful(`wrong byte after ${checker.wrongAt}`)
  if (checker.bytes !== size) throw new Unfaithful(`clean end after ${checker.bytes} of ${size} bytes`)
}

async function write(socket, bytes) {
  if (socket.destroyed) throw socket.errored ?? new Error('closed')
  if (!socket.write(bytes)) await Promise.race([once(socket, 'drain'), once(socket, 'close')])
}

async function textOf(socket) {
  let text = ''
  for await (const chunk of socket) text += chunk
  return text
}

const BEHAVIOURS = {
  async connectAndClose(socket) {
    socket.destroy()
  },
  async connectAndWait(socket, random) {
    await sleep(random() * 300)
    socket.destroy()
  },
  async download(socket, random) {
    const size = sizeFrom(random)
    socket.write(`send ${size}\n`)
    await expectPattern(socket, size)
  },
  async downloadHalfClosed(socket, random) {
    const size = sizeFrom(random)
    socket.end(`send ${size}\n`)
    await expectPattern(socket, size)
  },
  async downloadSlowly(socket, random) {
    const size = sizeFrom(random)
    socket.write(`send ${size}\n`)
    await sleep(random() * 1000)
    await expectPattern(socket, size, () => sleep(random() * 20))
  },
  async downloadAndReset(socket, random) {
    const size = sizeFrom(random)
    const enough = random() * size
    socket.write(`send ${size}\n`)
    for await (const chunk of socket) if (chunk.length > 0 && socket.bytesRead >= enough) break
    socket.resetAndDestroy()
  },
  async upload(socket, random) {
    const size = sizeFrom(random)
    await write(socket, `take ${size}\n`)
    await write(socket, PATTERN.subarray(0, size))
    socket.end()
    const answer = await textOf(socket)
    if (answer !== `${size} -1`) throw new Unfaithful(`server took '${answer}' of ${size}`)
  },
  async uploadAndReset(socket, random) {
    await write(socket, 'take\n')
    await write(socket, PATTERN.subarray(0, sizeFrom(random)))
    if (random() < 0.5) await sleep(random() * 50)
    socket.resetAndDestroy()
  },
  async echoInPieces(socket, random) {
    const size = 1 + Math.floor(random() * 400)
    socket.write('echo\n')
    const answer = expectPattern(socket, size)
    answer.catch(() => {}) // Awaited below, unless writing fails first.
    for (let at = 0; at < size; at++) {
      await write(socket, PATTERN.subarray(at, at + 1))
      if (random() < 0.1) await sleep(1)
    }
    socket.end()
    await answer
  },
  async resetByServer(socket, random) {
    socket.write(`reset ${sizeFrom(random)}\n`)
    const how = await textOf(socket).then(
      () => 'a clean end',
      (error) => error.code,
    )
    if (how === 'a clean end') throw new Unfaithful('a reset became a clean end')
  },
  async deafServer(socket, random) {
    socket.write('deaf\n')
    const bytes = PATTERN.subarray(0, sizeFrom(random))
    for (let i = 0; i < 8 && socket.write(bytes); i++);
    await sleep(random() * 500)
    socket.resetAndDestroy()
  },
}

const NAMES = Object.keys(BEHAVIOURS)

async function converse(host, random) {
  const name = NAMES[Math.floor(random() * NAMES.length)]
  const socket = connect({ host, port: PORT, allowHalfOpen: true })
  socket.on('error', () => {})
  const hang = setTimeout(() => socket.destroy(new Unfaithful('hangs')), HANG_MS)
  try {
    await once(socket, 'connect')
    await BEHAVIOURS[name](socket, random)
    return { name }
  } catch (error) {
    return { name, error }
  } finally {
    clearTimeout(hang)
    // What is still open is only our half: the conversation is over, or has failed.
    socket.destroy()
  }
}

async function run(host, seed, ms, workers) {
  const result = { done: {}, failed: {}, unfaithful: [] }
  const until = Date.now() + Number(ms)
  const count = (table, key) => {
    table[key] = (table[key] ?? 0) + 1
  }
  const work = async (worker) => {
    const random = randomFrom(Number(seed) * 1000 + worker)
    while (Date.now() < until) {
      const { name, error } = await converse(host, random)
      if (error === undefined) count(result.done, name)
      else if (error instanceof Unfaithful) result.unfaithful.push(`${name}: ${error.message}`)
      else count(result.failed, `${name}: ${error.code ?? error.message}`)
    }
  }
  await Promise.all(Array.from({ length: Number(workers) }, (_, worker) => work(worker)))
  return result
}

const [verb, ...args] = process.argv.slice(2)
if (verb === 'serve') serve()
else process.stdout.write(`${JSON.stringify(await run(...args))}\n`)
