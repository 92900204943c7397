/**
 * HTTP to one API server: sends, retries what the server asked to have retried, and turns answers into values or errors.
 */
import { type Dispatcher, request as send } from 'undici'
import type { Clock } from '../core/clock.ts'
import { errorCode } from '../core/errors.ts'
import type { Agents, Session } from './agents.ts'
import { ApiError, ProtocolError, type StatusBody, UnreachableError } from './errors.ts'
import { MAX_ATTEMPTS, RESPONSE_MAX_BYTES, RETRY_AFTER_MAX_MS } from './limits.ts'

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Path and query. */
  readonly path: string
  readonly body?: unknown
  readonly contentType?: string
  /** Sending it twice does no harm, so a socket that died under it is no reason to give up. */
  readonly repeatable?: boolean
  readonly signal?: AbortSignal | undefined
  /** Beside those that every request has. */
  readonly headers?: Readonly<Record<string, string>>
}

type Answer = Dispatcher.ResponseData

export class Transport {
  readonly #server: string
  readonly #agents: Agents
  readonly #clock: Clock

  constructor(server: string, agents: Agents, clock: Clock) {
    this.#server = server
    this.#agents = agents
    this.#clock = clock
  }

  /** The parsed JSON of the answer, or its text where it is not JSON. */
  async call(request: ApiRequest): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#tryCall(request, attempt)
      if (!('retryAfterMs' in answer)) return answer.value
      await this.#clock.sleep(answer.retryAfterMs, request.signal)
    }
  }

  /** An answer that goes on: its body as it arrives. Abort the signal to end it. */
  async open(request: ApiRequest): Promise<AsyncIterable<Buffer>> {
    const answer = await this.#send(request, (session) => session.watches)
    if (answer.statusCode === 200) return answer.body
    throw await this.#failure(request, answer)
  }

  async close(): Promise<void> {
    await this.#agents.close()
  }

  async #tryCall(
    request: ApiRequest,
    attempt: number,
  ): Promise<{ value: unknown } | { retryAfterMs: number }> {
    try {
      const answer = await this.#send(request, (session) => session.requests)
      if (answer.statusCode < 300) return { value: await this.#value(answer, request.signal) }
      const retryAfterMs = retryDelay(answer)
      const error = await this.#failure(request, answer)
      if (retryAfterMs === undefined || attempt >= MAX_ATTEMPTS) throw error
      return { retryAfterMs }
    } catch (error) {
      if (attempt === 1 && request.repeatable && diedUnderUs(error)) return { retryAfterMs: 0 }
      throw error
    }
  }

  async #send(request: ApiRequest, pick: (session: Session) => Dispatcher): Promise<Answer> {
    const session = await this.#agents.session()
    request.signal?.throwIfAborted()
    const body = request.body === undefined ? null : JSON.stringify(request.body)
    const headers: Record<string, string> = {
      ...request.headers,
      accept: 'application/json',
      ...session.headers,
    }
    headers['user-agent'] = 'fairlead'
    if (body !== null) headers['content-type'] = request.contentType ?? 'application/json'
    const { method, signal } = request
    try {
      const dispatcher = pick(session)
      return await send(this.#server + request.path, {
        dispatcher,
        method,
        headers,
        body,
        signal: signal ?? null,
      })
    } catch (error) {
      throw this.#unreachable(error, signal)
    }
  }

  /** An abort stays what it is; everything else that undici throws means that there was no answer. */
  #unreachable(error: unknown, signal: AbortSignal | undefined): unknown {
    if (signal?.aborted || error instanceof ProtocolError) return error
    return new UnreachableError(this.#server, error)
  }

  async #failure(request: ApiRequest, answer: Answer): Promise<ApiError> {
    if (answer.statusCode === 401) this.#agents.forget()
    const value = await this.#value(answer, request.signal)
    const status: StatusBody = isStatus(value) ? value : { message: messageOf(value) }
    return new ApiError(answer.statusCode, status, `${request.method} ${request.path.split('?')[0]}`)
  }

  async #value(answer: Answer, signal: AbortSignal | undefined): Promise<unknown> {
    const text = await this.#text(answer, signal)
    if (!String(answer.headers['content-type']).includes('json')) return text
    try {
      return JSON.parse(text)
    } catch (error) {
      throw new ProtocolError('the server sent malformed JSON', { cause: error })
    }
  }

  async #text(answer: Answer, signal: AbortSignal | undefined): Promise<string> {
    const chunks: Buffer[] = []
    let length = 0
    try {
      for await (const chunk of answer.body as AsyncIterable<Buffer>) {
        length += chunk.length
        if (length > RESPONSE_MAX_BYTES) throw new ProtocolError(`an answer over ${RESPONSE_MAX_BYTES} bytes`)
        chunks.push(chunk)
      }
    } catch (error) {
      throw this.#unreachable(error, signal)
    }
    return Buffer.concat(chunks, length).toString('utf8')
  }
}

function isStatus(value: unknown): value is StatusBody {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status'
}

/** What somebody behind the API server says went wrong: `{"error": "..."}`, or text. */
function messageOf(value: unknown): string {
  const isFault = typeof value === 'object' && value !== null && 'error' in value
  return String(isFault ? value.error : value).slice(0, 4_000)
}

/** Milliseconds the server asked us to wait, when it may be asked again inside this call. */
function retryDelay(answer: Answer): number | undefined {
  if (answer.statusCode !== 429 && answer.statusCode !== 503) return undefined
  const seconds = Number(answer.headers['retry-after'])
  if (!Number.isFinite(seconds) || seconds < 0) return answer.statusCode === 429 ? 1_000 : undefined
  return seconds * 1_000 > RETRY_AFTER_MAX_MS ? undefined : seconds * 1_000
}

/** A kept-alive socket that the server had just closed, rather than a server that is not there. */
function diedUnderUs(error: unknown): boolean {
  if (!(error instanceof UnreachableError)) return false
  const code = errorCode(error.cause)
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE'
}
