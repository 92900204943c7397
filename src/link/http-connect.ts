/**
 * HTTP CONNECT as text: the request, and the answer of a proxy, which may be anything. Pure.
 */
import { FairleadError, type FairleadErrorOptions } from '../core/errors.ts'
import { MAX_PROXY_RESPONSE } from './limits.ts'

/** The answer is no HTTP, or too long. */
export class ProxyResponseError extends FairleadError {
  override readonly name = 'ProxyResponseError'

  constructor(message: string, options: FairleadErrorOptions = {}) {
    super('proxy-response', message, options)
  }
}

/** A final answer; `rest` came behind it and belongs to the tunnel. */
export interface ConnectResponse {
  readonly status: number
  /** For people: printable and short. */
  readonly reason: string
  readonly rest: Buffer
}

/** Longest reason that is repeated to people. */
const MAX_REASON = 80

const VERSION = 'HTTP/1.'
const STATUS_LINE = /^HTTP\/1\.[01] ([1-5]\d\d)(?: (.*))?$/

/** `authority` is host:port; `credentials` is user:password. Throws ProxyResponseError for what would break the lines. */
export function connectRequest(authority: string, credentials?: string): string {
  const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`]
  if (!/^[\x21-\x7e]+$/.test(authority)) throw new ProxyResponseError('the endpoint is no host name')
  if (credentials !== undefined) {
    lines.push(`Proxy-Authorization: Basic ${Buffer.from(credentials).toString('base64')}`)
  }
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** Fed with what the proxy sends; holds no more than one answer may have. */
export class ConnectResponseReader {
  #received: Buffer = Buffer.alloc(0)
  #interim = 0

  /** The answer once it is whole. Throws ProxyResponseError as soon as it cannot become one. */
  push(chunk: Buffer): ConnectResponse | undefined {
    this.#received = Buffer.concat([this.#received, chunk])
    for (;;) {
      const head = this.#head()
      if (head === undefined) return undefined
      const { status, reason } = statusOf(head.text)
      const rest = this.#received.subarray(head.end)
      // 101 would be another protocol; other 1xx announce the real answer.
      if (status >= 200 || status === 101) return { status, reason, rest }
      this.#interim += head.end
      this.#received = rest
    }
  }

  #head(): { text: string; end: number } | undefined {
    const start = this.#received.toString('latin1', 0, VERSION.length)
    if (!VERSION.startsWith(start)) throw new ProxyResponseError('the proxy does not speak HTTP')
    const limit = MAX_PROXY_RESPONSE - this.#interim
    const end = this.#received.subarray(0, Math.max(0, limit)).indexOf('\r\n\r\n')
    if (end >= 0) return { text: this.#received.toString('latin1', 0, end), end: end + 4 }
    if (this.#received.length < limit) return undefined
    throw new ProxyResponseError(`the proxy's answer is longer than ${MAX_PROXY_RESPONSE} bytes`)
  }
}

function statusOf(head: string): { status: number; reason: string } {
  const [line = ''] = head.split('\r\n', 1)
  const [, digits, reason = ''] = STATUS_LINE.exec(line) ?? []
  if (digits === undefined) throw new ProxyResponseError('the proxy does not speak HTTP/1')
  return { status: Number(digits), reason: reason.replace(/[^\x20-\x7e]/g, '?').slice(0, MAX_REASON) }
}
