/**
 * Passes a query on to upstream resolvers and its answer back, octet for octet except for the id.
 */
import { randomInt } from 'node:crypto'
import type { Clock } from '../../core/clock.ts'
import { describeError } from '../../core/errors.ts'
import type { Logger } from '../../core/log.ts'
import type { Upstream } from './corefile.ts'
import { FORWARD_TCP_MS, FORWARD_WAITS, MAX_FORWARDED } from './limits.ts'
import { askTcp } from './upstream-tcp.ts'
import { askUdp } from './upstream-udp.ts'

export interface ForwarderDeps {
  readonly clock: Clock
  readonly log: Logger
}

/** Forwards up to a bound of queries at once. */
export class Forwarder {
  readonly #deps: ForwarderDeps
  #waiting = 0

  constructor(deps: ForwarderDeps) {
    this.#deps = deps
  }

  /**
   * The upstream's answer under the client's id; undefined when there is none in time. `end` is where the question
   * ends in `message`. Over TCP the upstream is asked by TCP, so a truncated answer comes whole at the second try.
   */
  async ask(
    message: Buffer,
    end: number,
    upstreams: readonly Upstream[],
    transport: 'udp' | 'tcp',
  ): Promise<Buffer | undefined> {
    if (upstreams.length === 0 || this.#waiting >= MAX_FORWARDED) return undefined
    this.#waiting += 1
    try {
      const answer = await this.#attempts(message, end, upstreams, transport)
      if (answer !== undefined) message.copy(answer, 0, 0, 2)
      return answer
    } finally {
      this.#waiting -= 1
    }
  }

  async #attempts(
    message: Buffer,
    end: number,
    upstreams: readonly Upstream[],
    transport: 'udp' | 'tcp',
  ): Promise<Buffer | undefined> {
    const waits = transport === 'udp' ? FORWARD_WAITS : upstreams.map(() => FORWARD_TCP_MS)
    const first = randomInt(upstreams.length)
    for (const [attempt, wait] of waits.entries()) {
      const upstream = upstreams[(first + attempt) % upstreams.length] as Upstream
      const result = await this.#attempt(message, end, upstream, transport, wait)
      if (result instanceof Buffer) return result
      // A closed port says so at once. When every upstream was tried, what listens there is being replaced.
      const again = attempt + 1 >= upstreams.length && attempt + 1 < waits.length
      if (result === 'failed' && again) await this.#deps.clock.sleep(wait)
    }
    return undefined
  }

  /** One attempt has an id and a socket of its own: a late or forged answer to another one does not fit. */
  async #attempt(
    message: Buffer,
    end: number,
    upstream: Upstream,
    transport: 'udp' | 'tcp',
    wait: number,
  ): Promise<Buffer | 'failed' | 'silent'> {
    const query = Buffer.from(message)
    query.writeUInt16BE(randomInt(0x1_0000), 0)
    const { clock, log } = this.#deps
    const timeout = new AbortController()
    const cancel = clock.after(wait, () => timeout.abort())
    try {
      const ask = transport === 'udp' ? askUdp : askTcp
      return await ask(upstream, query, (answer) => isAnswerTo(query, end, answer), timeout.signal)
    } catch (error) {
      log.debug({ upstream, error: describeError(error) }, 'an upstream did not answer')
      return timeout.signal.aborted ? 'silent' : 'failed'
    } finally {
      cancel()
    }
  }
}

/** Same id, a response, and the same question (0x20 case included). */
function isAnswerTo(query: Buffer, end: number, answer: Buffer): boolean {
  return (
    answer.length >= end &&
    answer.readUInt16BE(0) === query.readUInt16BE(0) &&
    (answer.readUInt8(2) & 0x80) !== 0 &&
    answer.subarray(12, end).equals(query.subarray(12, end))
  )
}
