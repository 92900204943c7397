/**
 * Redeems an invite: one request to whoever invited, over a connection that was checked before the code is sent.
 */
import { type IncomingMessage, request } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { Clock } from '../../core/clock.ts'
import { describeError, FairleadError, TimeoutError } from '../../core/errors.ts'
import { MAX_ANSWER_BYTES, REDEEM_TIMES } from './limits.ts'
import { connectPinned, type Pin, type PinnedConnection, UntrustedError } from './pinned-connection.ts'
import {
  REDEMPTION_PATH,
  type RedemptionAnswer,
  type RedemptionReader,
  type RedemptionRequest,
  type RefusalAnswer,
} from './redemption-message.ts'

export type JoinOutcome =
  | { readonly kind: 'answer'; readonly answer: RedemptionAnswer; readonly clusterset: string }
  /** The code is right, and does not help. */
  | ({ readonly kind: 'refused' } & RefusalAnswer)
  /** Nobody there knows the code. */
  | { readonly kind: 'unknown' }
  /** Somebody else answers there. */
  | { readonly kind: 'untrusted'; readonly message: string }
  /** Later, perhaps. */
  | { readonly kind: 'unreachable'; readonly message: string }

export interface RedemptionClientDeps {
  readonly clock: Clock
  readonly reader: RedemptionReader
}

/** The answer cannot be understood, or ends too early. */
class AnswerError extends FairleadError {
  override readonly name = 'AnswerError'

  constructor(message: string) {
    super('redemption-answer', message, { retryable: true })
  }
}

/** `ask` makes the request once it is known which clusterset it is for. Throws only when `signal` aborts. */
export async function redeemAt(
  { clock, reader }: RedemptionClientDeps,
  pin: Pin,
  ask: (clusterset: string) => Promise<RedemptionRequest>,
  signal: AbortSignal,
): Promise<JoinOutcome> {
  let connection: PinnedConnection | undefined
  try {
    connection = await connectPinned(pin, clock, signal)
    const { clusterset, socket } = connection
    const body = JSON.stringify(await ask(clusterset))
    const { status, bytes } = await exchange(socket, pin, body, clock, signal)
    return understood(reader, status, bytes, clusterset)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof UntrustedError) return { kind: 'untrusted', message: error.message }
    return { kind: 'unreachable', message: describeError(error) }
  } finally {
    connection?.socket.destroy()
  }
}

function understood(
  reader: RedemptionReader,
  status: number,
  bytes: Buffer,
  clusterset: string,
): JoinOutcome {
  switch (status) {
    case 200: {
      const answer = reader.answer(bytes)
      if (answer !== undefined) return { kind: 'answer', answer, clusterset }
      break
    }
    case 403: {
      const refusal = reader.refusal(bytes)
      if (refusal !== undefined) return { kind: 'refused', ...refusal }
      break
    }
    case 404:
      return { kind: 'unknown' }
    case 503:
      return { kind: 'unreachable', message: 'the other side cannot tell now' }
  }
  throw new AnswerError(`the answer (${status}) cannot be understood`)
}

/** One POST on a connection that is there already. */
async function exchange(
  socket: TLSSocket,
  { host }: Pin,
  body: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<{ status: number; bytes: Buffer }> {
  const expired = new AbortController()
  const cancel = clock.after(REDEEM_TIMES.answer, () =>
    expired.abort(new TimeoutError(`the answer took longer than ${REDEEM_TIMES.answer} ms`)),
  )
  const either = AbortSignal.any([signal, expired.signal])
  try {
    const response = await post(socket, host, body, either)
    return { status: response.statusCode ?? 0, bytes: await readAnswer(response) }
  } catch (error) {
    throw either.aborted ? either.reason : error
  } finally {
    cancel()
  }
}

function post(socket: TLSSocket, host: string, body: string, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = request({
      createConnection: () => socket,
      method: 'POST',
      path: REDEMPTION_PATH,
      headers: {
        Host: host.includes(':') ? `[${host}]` : host,
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(body),
        Connection: 'close',
      },
      signal,
    })
    asked.once('response', resolve)
    asked.on('error', reject)
    asked.end(body)
  })
}

async function readAnswer(response: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of response as AsyncIterable<Buffer>) {
    length += piece.length
    if (length > MAX_ANSWER_BYTES)
      throw new AnswerError(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}
