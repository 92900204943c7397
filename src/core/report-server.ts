/**
 * JSON documents on an HTTP port of their own, for those who know a token. Pods of strangers can reach the port where no
 * network policy is enforced, so that it is the token which decides.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isIP } from 'node:net'
import { HttpPort, type HttpPortConfig, reply } from './http-port.ts'
import type { Startable } from './lifecycle.ts'
import { REPORT_MAX_CONNECTIONS, REPORT_TOKEN_MIN_LENGTH } from './limits.ts'

/** Makes a JSON document when it is asked for. Throws nothing. */
export type JsonDocument = (query: URLSearchParams) => { readonly status: number; readonly value: unknown }

export interface ReportDeps {
  /** By path. */
  readonly documents: ReadonlyMap<string, JsonDocument>
  /** The token of now, read for each request; undefined where there is none. Throws nothing. */
  readonly readToken: () => Promise<string | undefined>
}

export interface ReportConfig extends HttpPortConfig {
  /** Name of the request header that holds the token, lower case. */
  readonly header: string
}

/**
 * 401 without the token, whatever is asked for; 404 for what is no document. A port of the loopback address is open to
 * all processes of the machine: it is the address it listens at that counts, since a proxy beside a process may make
 * every client one of loopback.
 */
export class ReportServer implements Startable {
  readonly #deps: ReportDeps
  readonly #header: string
  readonly #http: HttpPort
  readonly #open: boolean

  constructor(deps: ReportDeps, config: ReportConfig) {
    this.#deps = deps
    this.#header = config.header
    this.#open = isLoopback(config.host)
    this.#http = new HttpPort((request, response) => void this.#answer(request, response), {
      ...config,
      maxConnections: REPORT_MAX_CONNECTIONS,
    })
  }

  get port(): number {
    return this.#http.port
  }

  start(): Promise<void> {
    return this.#http.start()
  }

  stop(): Promise<void> {
    return this.#http.stop()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!(await this.#mayRead(request)))
      return answerJson(response, 401, { error: `the header ${this.#header} does not hold the token` })
    const [path = '', query] = (request.url ?? '').split('?')
    const document = this.#deps.documents.get(path)
    if (document === undefined) return answerJson(response, 404, { error: `there is no document ${path}` })
    const { status, value } = document(new URLSearchParams(query))
    answerJson(response, status, value)
  }

  async #mayRead({ headers }: IncomingMessage): Promise<boolean> {
    if (this.#open) return true
    const given = headers[this.#header]
    const token = await this.#deps.readToken()
    if (typeof given !== 'string' || token === undefined) return false
    return token.length >= REPORT_TOKEN_MIN_LENGTH && sameText(given, token)
  }
}

function isLoopback(host: string): boolean {
  return host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/** Takes as long for what is nearly right as for what is not: digests are compared. */
function sameText(left: string, right: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(left), digest(right))
}

function answerJson(response: ServerResponse, status: number, value: unknown): void {
  reply(response, status, `${JSON.stringify(value)}\n`, 'application/json')
}
