// Both ends of the endpoint tests, run by plain node: `serve` in a pod, the other verbs in a client pod. Clients print
// JSON lines.
import { once } from 'node:events'
import { Agent, createServer, get } from 'node:http'
import { Server as NetServer } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

const PORT = 7400

/** A server takes this long for an answer, so that there are requests under way whenever a pod goes. Milliseconds. */
const WORK = 15
/** Between two requests of a client, milliseconds. */
const PAUSE = 25
/** Requests on a connection that is kept, some six seconds: then comes a new one, so that these spread as well. */
const KEPT_REQUESTS = 150
/**
 * A pod that is told to end goes on taking connections for so long, as servers in Kubernetes must until everybody knows
 * that it goes: those that its kernel has taken, and it has not, would be reset. Milliseconds.
 */
const LEAVE = 1_000
/** A request that has no answer by then hangs, milliseconds. */
const HANG = 10_000

const tell = (value) => process.stdout.write(`${JSON.stringify(value)}\n`)

// Server

/** Says who it is; becomes unready when told so, and after SIGTERM closes each connection with its next answer. */
function serve() {
  const { CLUSTER = '', POD_NAME, POD_IP } = process.env
  let ready = true
  let leaving = false
  const server = createServer(async (request, response) => {
    if (request.url === '/readyz') return response.writeHead(ready ? 200 : 503).end()
    if (request.url === '/unready' || request.url === '/ready') ready = request.url === '/ready'
    await sleep(WORK)
    if (leaving) response.setHeader('Connection', 'close')
    response.end(`${CLUSTER} ${POD_NAME}`)
  })
  server.keepAliveTimeout = 60_000
  server.listen(PORT, POD_IP)
  process.on('SIGTERM', async () => {
    leaving = true
    await sleep(LEAVE)
    // Takes no new connections from now on, and ends when those it has are done. Not http's own close(), which also
    // closes idle ones, whose client may be about to use them.
    NetServer.prototype.close.call(server, () => process.exit(0))
  })
}

// Client

/** One request. Resolves with who answered; rejects with an error that knows the client's port. */
async function ask(host, agent) {
  const request = get({ host, port: PORT, agent, signal: AbortSignal.timeout(HANG) })
  let port
  request.on('socket', (socket) => {
    port = socket.localPort
    socket.once('connect', () => {
      port = socket.localPort
    })
  })
  try {
    const [response] = await once(request, 'response')
    const text = Buffer.concat(await response.toArray()).toString()
    if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`)
    return text
  } catch (error) {
    throw Object.assign(new Error(error.code ?? error.message), { port })
  }
}

/** Workers that ask again and again, on a new connection each time or on one that they keep. */
class Workers {
  requests = 0
  failed = []
  #answers = {}
  #over = false

  constructor(host, fresh, kept) {
    this.done = Promise.all([
      ...Array.from({ length: fresh }, () => this.#work(host, 'fresh')),
      ...Array.from({ length: kept }, () => this.#work(host, 'kept')),
    ])
  }

  async #work(host, kind) {
    while (!this.#over) {
      const agent = kind === 'kept' && new Agent({ keepAlive: true, maxSockets: 1 })
      // Not all in step: each first connection is kept for another while.
      const requests = agent ? KEPT_REQUESTS * (0.5 + Math.random()) : 1
      for (let i = 0; i < requests && !this.#over; i++) await this.#request(host, kind, agent)
      if (agent) agent.destroy()
    }
  }

  async #request(host, kind, agent) {
    this.requests += 1
    try {
      const key = `${kind} ${await ask(host, agent)}`
      this.#answers[key] = (this.#answers[key] ?? 0) + 1
    } catch (error) {
      this.failed.push({ kind, why: error.message, port: error.port })
    }
    await sleep(PAUSE * (0.5 + Math.random()))
  }

  /** What happened since the last time. */
  summary() {
    const { requests, failed } = this
    const summary = { requests, failed, answers: this.#answers }
    this.requests = 0
    this.failed = []
    this.#answers = {}
    return summary
  }

  end() {
    this.#over = true
    return this.done
  }
}

/** Works until standard input ends; each line on it is answered with what happened since the one before. */
async function work(host, fresh, kept) {
  const workers = new Workers(host, Number(fresh), Number(kept))
  for await (const _line of createInterface({ input: process.stdin })) tell(workers.summary())
  await workers.end()
  tell(workers.summary())
}

/** `count` requests, some at a time: how often each cluster and each pod answered, and why others did not. */
async function sample(host, count, atOnce = 8) {
  const clusters = {}
  const pods = {}
  const failed = {}
  const add = (table, key) => {
    table[key] = (table[key] ?? 0) + 1
  }
  let left = Number(count)
  const worker = async () => {
    while (left-- > 0) {
      try {
        const [cluster, pod] = (await ask(host, false)).split(' ')
        add(clusters, cluster)
        add(pods, pod)
      } catch (error) {
        add(failed, error.message)
      }
    }
  }
  await Promise.all(Array.from({ length: Number(atOnce) }, worker))
  tell({ clusters, pods, failed })
}

const verbs = { serve, work, sample }
const [verb, ...args] = process.argv.slice(2)
await verbs[verb](...args)
