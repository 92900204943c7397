/**
 * The sockets to one API server: one pool for requests and one for watches, so that neither waits for the other.
 * They are replaced when the TLS credentials change, and the old ones end when their last answer has ended.
 */
import { Agent } from 'undici'
import type { Clock } from '../core/clock.ts'
import type { CredentialSource, Credentials, TlsMaterial } from './credentials.ts'
import {
  CONNECT_TIMEOUT_MS,
  CREDENTIALS_TTL_MS,
  KEEP_ALIVE_MS,
  REQUEST_CONNECTIONS,
  REQUEST_TIMEOUT_MS,
} from './limits.ts'

/** What a request is sent with. */
export interface Session {
  readonly requests: Agent
  readonly watches: Agent
  readonly headers: Readonly<Record<string, string>>
}

export class Agents {
  readonly #source: CredentialSource
  readonly #clock: Clock
  #current: { session: Session; tls: TlsMaterial } | undefined
  #loading: Promise<Session> | undefined
  #expiresAt = 0

  constructor(source: CredentialSource, clock: Clock) {
    this.#source = source
    this.#clock = clock
  }

  /** The present session; credentials older than 30 s are read again, by one caller for all. */
  session(): Promise<Session> {
    if (this.#current !== undefined && this.#clock.monotonic() < this.#expiresAt) {
      return Promise.resolve(this.#current.session)
    }
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined
    })
    return this.#loading
  }

  /** The server refused the credentials: read them again for the next request. */
  forget(): void {
    this.#expiresAt = 0
  }

  async close(): Promise<void> {
    const session = this.#current?.session
    this.#current = undefined
    await Promise.all([session?.requests.destroy(), session?.watches.destroy()])
  }

  async #load(): Promise<Session> {
    const credentials = await this.#source.load()
    const previous = this.#current
    const keep = previous !== undefined && sameTls(previous.tls, credentials.tls)
    const agents = keep ? previous.session : createAgents(credentials.tls)
    const session = { requests: agents.requests, watches: agents.watches, headers: credentials.headers }
    if (previous !== undefined && !keep) retire(previous.session)
    this.#current = { session, tls: credentials.tls }
    this.#expiresAt = this.#clock.monotonic() + CREDENTIALS_TTL_MS
    return session
  }
}

function createAgents(tls: Credentials['tls']): Pick<Session, 'requests' | 'watches'> {
  const connect = { ...tls, timeout: CONNECT_TIMEOUT_MS, keepAlive: true, keepAliveInitialDelay: 30_000 }
  const shared = { connect, allowH2: false, pipelining: 1, headersTimeout: REQUEST_TIMEOUT_MS }
  return {
    requests: new Agent({
      ...shared,
      connections: REQUEST_CONNECTIONS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      bodyTimeout: REQUEST_TIMEOUT_MS,
    }),
    watches: new Agent({ ...shared, bodyTimeout: 0 }),
  }
}

/** `close` lets running answers end; a failure to close has nobody left to care. */
function retire(session: Session): void {
  session.requests.close().catch(() => {})
  session.watches.close().catch(() => {})
}

function sameTls(a: TlsMaterial, b: TlsMaterial): boolean {
  return (
    sameBytes(a.ca, b.ca) &&
    sameBytes(a.cert, b.cert) &&
    sameBytes(a.key, b.key) &&
    a.servername === b.servername &&
    a.rejectUnauthorized === b.rejectUnauthorized
  )
}

function sameBytes(a: Buffer | string | undefined, b: Buffer | string | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return Buffer.from(a).equals(Buffer.from(b))
}
