// A client that makes one new connection after the other, run by plain node in a client pod: `run URL WORKERS`. It ends
// with its standard input, and tells then, or when it is asked by a line, what came of them.
import { get } from 'node:http'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

/** A connection that takes longer than this has failed, milliseconds. */
const HANG_MS = 15_000
/** Between two connections of one worker, milliseconds. */
const PAUSE_MS = 10

const [url, workers] = process.argv.slice(3)
const came = { done: 0, failed: {} }
let ended = false

/** One connection, one request. */
function knock() {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, timeout: HANG_MS }, (response) => {
      response.resume().on('end', resolve).on('error', reject)
    })
    request.on('timeout', () => request.destroy(new Error('hangs'))).on('error', reject)
  })
}

async function work() {
  while (!ended) {
    try {
      await knock()
      came.done += 1
    } catch (error) {
      const what = error.code ?? error.message
      came.failed[what] = (came.failed[what] ?? 0) + 1
    }
    await sleep(PAUSE_MS)
  }
}

const tell = () => process.stdout.write(`${JSON.stringify(came)}\n`)
const input = createInterface({ input: process.stdin })
input.on('line', tell).on('close', () => {
  ended = true
})
await Promise.all(Array.from({ length: Number(workers) }, work))
tell()
