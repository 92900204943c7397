/**
 * The router's second port: HTTP upgrades to WebSocket, as an ingress forwards them, with TLS around them or without.
 * Whoever comes is a stranger until the TLS inside the WebSocket says who it is.
 */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createServer as createTlsServer } from 'node:tls'
import { WebSocketServer } from 'ws'
import { WEB_SOCKET_PATH, WEB_SOCKET_PROTOCOL } from '../api/link.ts'
import type { Cancel, Clock } from '../core/clock.ts'
import { describeError } from '../core/errors.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import type { Metrics } from '../core/metrics.ts'
import type { RefusalReason } from './errors.ts'
import {
  ACCEPT_TIMEOUT_MS,
  MAX_PENDING_HANDSHAKES,
  MAX_UPGRADE_HEADER,
  MAX_WEB_SOCKET_MESSAGE,
  UPGRADE_LOOK_MS,
} from './limits.ts'
import { PendingHandshakes } from './pending-handshakes.ts'
import type { TlsFiles } from './tls-files.ts'
import { contextOptions } from './tls-options.ts'
import { WebSocketStream } from './web-socket-stream.ts'

export interface WebSocketAcceptorDeps {
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  /** Started before. Its certificate is shown to those who speak TLS to this port. */
  readonly tls: TlsFiles
  readonly onStream: (stream: WebSocketStream) => void
  readonly onRefused: (reason: RefusalReason, address: string | undefined, detail: string) => void
}

export interface WebSocketAcceptorConfig {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
}

/** First byte of a TLS handshake. */
const TLS_HANDSHAKE = 0x16

/** Answered with 200, for the health checks of load balancers. */
const HEALTH_PATH = '/healthz'

/** A connection that has not become a WebSocket yet. */
interface Upgrade {
  readonly connection: Socket
  readonly done: Cancel
}

/** Listens; hands over WebSockets as streams. */
export class WebSocketAcceptor implements Startable {
  readonly #deps: WebSocketAcceptorDeps
  readonly #config: WebSocketAcceptorConfig
  readonly #pending = new PendingHandshakes(MAX_PENDING_HANDSHAKES)
  /** By the stream that HTTP runs on. */
  readonly #upgrades = new WeakMap<object, Upgrade>()
  readonly #server = createServer({ noDelay: true }, (socket) => this.#onConnection(socket))
  readonly #http = createHttpServer(
    {
      connectionsCheckingInterval: UPGRADE_LOOK_MS,
      headersTimeout: ACCEPT_TIMEOUT_MS,
      maxHeaderSize: MAX_UPGRADE_HEADER,
      requestTimeout: ACCEPT_TIMEOUT_MS,
    },
    answerPlain,
  )
  readonly #webSockets = new WebSocketServer({
    autoPong: false,
    clientTracking: false,
    handleProtocols: () => WEB_SOCKET_PROTOCOL,
    maxPayload: MAX_WEB_SOCKET_MESSAGE,
    noServer: true,
    perMessageDeflate: false,
    skipUTF8Validation: true,
  })

  constructor(deps: WebSocketAcceptorDeps, config: WebSocketAcceptorConfig) {
    this.#deps = deps
    this.#config = config
    this.#http.on('upgrade', (request, stream, head) => this.#onUpgrade(request, stream, head))
    this.#http.on('clientError', (error, stream) => this.#onBadRequest(error, stream))
    deps.metrics.observe(
      'fairlead_link_upgrades',
      'Connections that have not become a WebSocket yet',
      () => this.#pending.size,
    )
  }

  /** The port we listen on. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(this.#config.port, this.#config.host, () => {
        this.#server.off('error', reject)
        this.#server.on('error', (error) =>
          this.#deps.logger.error({ error: describeError(error) }, 'WebSocket listener failed'),
        )
        resolve()
      })
    })
  }

  /** Stops listening; WebSockets that were handed over stay with those who have them. */
  async stop(): Promise<void> {
    this.#pending.clear()
    this.#http.close()
    if (this.#server.listening) this.#server.close()
  }

  #onConnection(connection: Socket): void {
    const evicted = this.#pending.add(connection)
    if (evicted !== undefined) {
      this.#deps.onRefused('capacity', evicted, `more than ${MAX_PENDING_HANDSHAKES} upgrades at once`)
    }
    const cancel = this.#deps.clock.after(ACCEPT_TIMEOUT_MS, () => {
      this.#deps.onRefused('timeout', connection.remoteAddress, 'no WebSocket was opened in time')
      connection.destroy()
    })
    const done = (): void => {
      cancel()
      this.#pending.done(connection)
    }
    connection.on('error', () => {}) // A stranger that goes away is no event.
    connection.once('close', cancel)
    connection.once('data', (first) => this.#onFirst(first, { connection, done }))
  }

  #onFirst(first: Buffer, upgrade: Upgrade): void {
    const { connection } = upgrade
    connection.pause()
    connection.unshift(first)
    if (first[0] === TLS_HANDSHAKE) this.#unwrap(upgrade)
    else this.#serve(connection, upgrade)
  }

  /** TLS of those who are let through to us; certificates of clients mean nothing here. */
  #unwrap(upgrade: Upgrade): void {
    const { connection } = upgrade
    const options = {
      ...contextOptions(this.#deps.tls.current()),
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: ACCEPT_TIMEOUT_MS,
    }
    const tls = createTlsServer(options, (secure) =>
      this.#serve(
        secure.on('error', () => {}),
        upgrade,
      ),
    )
    tls.on('tlsClientError', (error) => {
      this.#deps.onRefused('handshake', connection.remoteAddress, describeError(error))
      connection.destroy()
    })
    tls.emit('connection', connection)
  }

  #serve(stream: Duplex, upgrade: Upgrade): void {
    this.#upgrades.set(stream, upgrade)
    this.#http.emit('connection', stream)
    stream.resume()
  }

  #onUpgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const upgrade = this.#upgrades.get(stream)
    if (upgrade === undefined) throw new Error('an upgrade on a connection that was never served')
    const problem = upgradeProblem(request)
    if (problem !== undefined) {
      this.#deps.onRefused('upgrade', upgrade.connection.remoteAddress, problem.detail)
      stream.end(`HTTP/1.1 ${problem.status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    const { remoteAddress, remotePort } = upgrade.connection
    this.#webSockets.handleUpgrade(request, stream, head, (socket) => {
      upgrade.done()
      this.#deps.onStream(new WebSocketStream(socket, { remoteAddress, remotePort }))
    })
  }

  #onBadRequest(error: Error, stream: Duplex): void {
    const address = this.#upgrades.get(stream)?.connection.remoteAddress
    this.#deps.onRefused('upgrade', address, describeError(error))
    stream.destroy()
  }
}

function answerPlain(request: IncomingMessage, response: ServerResponse): void {
  const status = request.url === HEALTH_PATH ? 200 : 426
  const upgrade = status === 426 ? { Upgrade: 'websocket' } : {}
  response.writeHead(status, { ...upgrade, Connection: 'close', 'Content-Length': 0 }).end()
}

/** The rest of what RFC 6455 asks for is checked by the library. */
function upgradeProblem({ url = '', headers }: IncomingMessage) {
  const [path] = url.split('?', 1)
  if (path !== WEB_SOCKET_PATH) return { status: '404 Not Found', detail: 'a WebSocket at another path' }
  const protocols = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
  if (protocols.includes(WEB_SOCKET_PROTOCOL)) return undefined
  return { status: '400 Bad Request', detail: `a WebSocket without subprotocol ${WEB_SOCKET_PROTOCOL}` }
}
