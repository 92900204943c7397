/**
 * The port at which invites are redeemed: HTTPS with one path, for anybody who can reach it. Whoever knows no code learns
 * nothing: every other request gets the same bare 404. Bounds time, bytes, connections, and how often each source comes.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Clock } from '../../core/clock.ts'
import { describeError } from '../../core/errors.ts'
import type { Startable } from '../../core/lifecycle.ts'
import type { Logger } from '../../core/log.ts'
import type { SnapshotSource } from '../../core/snapshot.ts'
import { PendingHandshakes } from '../../link/pending-handshakes.ts'
import {
  MAX_CONNECTIONS,
  MAX_HEADER_BYTES,
  MAX_HEADER_FIELDS,
  MAX_REDEMPTION_BYTES,
  MAX_SOURCES,
  REQUEST_TIMES,
  SOURCE_RATE,
  TIMEOUT_CHECK_MS,
  TOTAL_RATE,
} from './limits.ts'
import {
  REDEMPTION_PATH,
  type RedemptionOutcome,
  RedemptionReader,
  type RedemptionRequest,
} from './redemption-message.ts'
import { SourceRate } from './source-rate.ts'

/** What the port shows: PEM of leaf, authority and root, and the leaf's key. */
export interface PortCredentials {
  readonly certificate: string
  readonly key: string
}

export interface RedemptionServerDeps {
  /** Absent where no invites can be redeemed: then nothing listens. */
  readonly credentials: SnapshotSource<PortCredentials | undefined>
  readonly redeem: (request: RedemptionRequest) => Promise<RedemptionOutcome>
  /** Told of what came to nothing before there was a code. */
  readonly turnedAway: (why: 'malformed' | 'rate' | 'crowded') => void
  readonly clock: Clock
  readonly log: Logger
}

export interface RedemptionServerConfig {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  /** Default: limits.ts. */
  readonly rate?: ConstructorParameters<typeof SourceRate>[0]
  readonly times?: { readonly handshake: number; readonly header: number; readonly request: number }
}

/** Listens while there are credentials; takes new ones for new connections. */
export class RedemptionServer implements Startable {
  readonly #deps: RedemptionServerDeps
  readonly #config: RedemptionServerConfig
  readonly #reader = new RedemptionReader()
  readonly #rate: SourceRate
  /** All connections; they stay in it until they are closed. */
  readonly #connections = new PendingHandshakes(MAX_CONNECTIONS)
  /** The one request of each connection that gets an answer, as sources are counted by connections. */
  readonly #asked = new WeakMap<Duplex, IncomingMessage>()
  #server: Server | undefined
  #unfollow: () => void = () => {}
  #changing: Promise<void> = Promise.resolve()

  constructor(deps: RedemptionServerDeps, config: RedemptionServerConfig) {
    this.#deps = { ...deps, log: deps.log.child({ component: 'redemption' }) }
    this.#config = config
    this.#rate = new SourceRate(
      config.rate ?? { source: SOURCE_RATE, total: TOTAL_RATE, maxSources: MAX_SOURCES },
    )
  }

  /** Undefined while nothing listens. */
  get port(): number | undefined {
    return (this.#server?.address() as AddressInfo | null | undefined)?.port
  }

  async start(): Promise<void> {
    const { credentials } = this.#deps
    this.#unfollow = credentials.subscribe((next) => this.#follow(next))
    this.#follow(credentials.current())
    await this.#changing
  }

  async stop(): Promise<void> {
    this.#unfollow()
    this.#follow(undefined)
    await this.#changing
  }

  #follow(credentials: PortCredentials | undefined): void {
    this.#changing = this.#changing
      .then(() => this.#take(credentials))
      .catch((error: unknown) =>
        this.#deps.log.error({ error: describeError(error) }, 'cannot serve the redemption port'),
      )
  }

  async #take(credentials: PortCredentials | undefined): Promise<void> {
    if (credentials === undefined) await this.#close()
    else if (this.#server === undefined) await this.#listen(credentials)
    else this.#server.setSecureContext(tlsOf(credentials))
  }

  async #listen(credentials: PortCredentials): Promise<void> {
    const server = createServer({ ...tlsOf(credentials), ...httpBounds(this.#times) }, (request, response) =>
      this.#serve(request, response),
    )
    server.maxHeadersCount = MAX_HEADER_FIELDS
    server.on('connection', (socket: Socket) => this.#admit(socket))
    server.on('tlsClientError', (_error, socket) => socket.destroy())
    server.on('clientError', (_error, socket) => {
      this.#deps.turnedAway('malformed')
      // What follows a whole request is nothing to its answer, which ends the connection.
      if (this.#asked.get(socket)?.complete === true) return
      if (socket.writable) socket.end(BARE_404)
      else socket.destroy()
    })
    for (const event of ['connect', 'upgrade'] as const)
      server.on(event, (_request: IncomingMessage, socket: Duplex) =>
        this.#asked.has(socket) ? socket.destroy() : socket.end(BARE_404),
      )
    const { host, port } = this.#config
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, () => {
        server.off('error', reject)
        resolve()
      })
    })
    this.#server = server
    this.#deps.log.info({ port: this.port }, 'invites can be redeemed here')
  }

  get #times(): NonNullable<RedemptionServerConfig['times']> {
    return this.#config.times ?? REQUEST_TIMES
  }

  async #close(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (server === undefined) return
    this.#connections.clear()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }

  /** Before TLS, which is the dear part. */
  #admit(socket: Socket): void {
    const { clock, turnedAway } = this.#deps
    socket.on('error', () => socket.destroy())
    if (!this.#rate.take(socket.remoteAddress ?? '', clock.monotonic())) {
      turnedAway('rate')
      socket.destroy()
    } else if (this.#connections.add(socket) !== undefined) turnedAway('crowded')
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    if (this.#asked.has(request.socket)) {
      this.#ignore(request)
      return
    }
    this.#asked.set(request.socket, request)
    request.on('error', () => request.destroy())
    response.on('error', () => request.destroy())
    this.#answer(request, response).catch((error: unknown) => {
      this.#deps.log.warn({ error: describeError(error) }, 'an invite cannot be redeemed now')
      reply(response, 503)
    })
  }

  /** Sent after the one that is answered. */
  #ignore(request: IncomingMessage): void {
    this.#deps.turnedAway('malformed')
    request.on('error', () => {}).resume()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = await this.#read(request)
    if (asked === undefined) {
      this.#deps.turnedAway('malformed')
      return reply(response, 404)
    }
    const outcome = await this.#deps.redeem(asked)
    switch (outcome.kind) {
      case 'unknown':
        return reply(response, 404)
      case 'refused':
        return reply(response, 403, { reason: outcome.reason, message: outcome.message })
      case 'redeemed':
        return reply(response, 200, outcome.answer)
    }
  }

  async #read(request: IncomingMessage): Promise<RedemptionRequest | undefined> {
    if (request.method !== 'POST' || request.url !== REDEMPTION_PATH) return undefined
    const body = await readBody(request)
    return body === undefined ? undefined : this.#reader.request(body)
  }
}

/** What every request gets that is not about a known code. */
const BARE_404 = 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'

function tlsOf({ certificate, key }: PortCredentials) {
  return { cert: certificate, key, minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' } as const
}

function httpBounds({ handshake, header, request }: NonNullable<RedemptionServerConfig['times']>) {
  return {
    handshakeTimeout: handshake,
    headersTimeout: header,
    requestTimeout: request,
    connectionsCheckingInterval: Math.min(TIMEOUT_CHECK_MS, header),
    maxHeaderSize: MAX_HEADER_BYTES,
    // Node would answer those without a Host by itself, with a date.
    requireHostHeader: false,
    ALPNProtocols: ['http/1.1'],
  }
}

/** Undefined when it is too long, and then the rest is not kept, or when it does not come to its end. */
function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const pieces: Buffer[] = []
  let length = 0
  return new Promise((resolve) => {
    request.on('data', (piece: Buffer) => {
      length += piece.length
      if (length <= MAX_REDEMPTION_BYTES) pieces.push(piece)
      else resolve(undefined)
    })
    request.once('end', () => resolve(Buffer.concat(pieces)))
    request.once('close', () => resolve(undefined))
  })
}

/** One answer a connection. */
function reply(response: ServerResponse, status: number, value?: unknown): void {
  if (response.headersSent || response.destroyed) return
  const body = value === undefined ? '' : JSON.stringify(value)
  response.sendDate = false
  response.writeHead(status, {
    ...(value === undefined ? {} : { 'Content-Type': 'application/json' }),
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
  })
  response.end(body)
}
