/**
 * The router's one port: mutual TLS, identity from the certificate, bounds on everything, then the socket goes to
 * whoever serves its protocol.
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls'
import { Alpn } from '../api/names.ts'
import type { Clock } from '../core/clock.ts'
import { describeError, errorCode } from '../core/errors.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import type { Metrics } from '../core/metrics.ts'
import { type PeerIdentity, Role } from '../pki/identity.ts'
import { admit, type ConnectionKind } from './admission.ts'
import { PeerRefusedError, type RefusalReason } from './errors.ts'
import {
  MAX_AGENTS,
  MAX_CONNECTIONS,
  MAX_CONTROL_PER_PEER,
  MAX_DATA_PER_PEER,
  MAX_PENDING_HANDSHAKES,
} from './limits.ts'
import { type AdmittedPeer, admittedPeer, PeerRevokedError, ShownChains } from './peer-chain.ts'
import { type PendingConnection, PendingHandshakes } from './pending-handshakes.ts'
import { Refusals } from './refusals.ts'
import type { TlsFiles } from './tls-files.ts'
import { isWrongUsage, serverOptions, tuneSocket } from './tls-options.ts'
import type { WebSocketStream } from './web-socket-stream.ts'

export interface AcceptorDeps {
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  /** Started before the acceptor. */
  readonly tls: TlsFiles
  readonly onControl: (socket: TLSSocket, peer: AdmittedPeer) => void
  readonly onData: (socket: TLSSocket, peer: AdmittedPeer) => void
  /** Somebody who was revoked opened a control connection. True when the socket is taken, to say so. */
  readonly onRevoked: (socket: TLSSocket, peer: AdmittedPeer) => boolean
}

export interface AcceptorConfig {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
}

/** How many accepted connections of one kind the processes of one role may have, for each cluster. */
function mostOf({ role }: PeerIdentity, kind: ConnectionKind): number {
  if (kind === 'data') return MAX_DATA_PER_PEER
  return role === Role.agent ? MAX_AGENTS : MAX_CONTROL_PER_PEER
}

/** Listens; hands over sockets whose peer is known and allowed. */
export class Acceptor implements Startable {
  readonly #deps: AcceptorDeps
  readonly #config: AcceptorConfig
  readonly #refusals: Refusals
  readonly #pending = new PendingHandshakes(MAX_PENDING_HANDSHAKES)
  /** Inside of WebSockets. */
  readonly #pendingStreams = new PendingHandshakes(MAX_PENDING_HANDSHAKES)
  readonly #connections = new Map<string, Set<TLSSocket>>()
  readonly #chains = new ShownChains()
  readonly #server: Server
  #tls: TlsServer | undefined
  #total = 0
  #unsubscribe = () => {}

  constructor(deps: AcceptorDeps, config: AcceptorConfig) {
    this.#deps = deps
    this.#config = config
    this.#refusals = new Refusals(deps)
    this.#server = createServer({ noDelay: true }, (socket) => this.#onConnection(socket))
    deps.metrics.observe(
      'fairlead_link_handshakes',
      'TLS handshakes under way',
      () => this.#pending.size + this.#pendingStreams.size,
    )
    deps.metrics.observe('fairlead_link_connections', 'Accepted connections open', () => this.#total)
  }

  /** The port we listen on. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async start(): Promise<void> {
    const tls = createTlsServer(serverOptions(this.#deps.tls.current()), (socket) => {
      this.#pending.done(socket)
      this.#onSecure(socket, socket.remoteAddress)
    })
    tls.on('tlsClientError', (error, socket) => {
      this.#pending.done(socket)
      this.#onHandshakeError(error, socket, socket.remoteAddress)
    })
    this.#chains.follow(tls)
    this.#tls = tls
    this.#unsubscribe = this.#deps.tls.onChange((files) => tls.setSecureContext(serverOptions(files)))
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(this.#config.port, this.#config.host, () => {
        this.#server.off('error', reject)
        this.#server.on('error', (error) =>
          this.#deps.logger.error({ error: describeError(error) }, 'listener failed'),
        )
        resolve()
      })
    })
  }

  /** Stops listening; connections that were handed over stay with those who have them. */
  async stop(): Promise<void> {
    this.#unsubscribe()
    this.#pending.clear()
    this.#pendingStreams.clear()
    if (!this.#server.listening) return
    this.#server.close()
  }

  /** Takes a WebSocket: the same TLS runs inside as on our port. */
  accept(stream: WebSocketStream): void {
    if (!this.#takes(stream, this.#pendingStreams)) return
    // A server of its own tells which stream a handshake belongs to; it never listens.
    const tls = createTlsServer(serverOptions(this.#deps.tls.current()), (socket) => {
      this.#pendingStreams.done(stream)
      this.#onSecure(socket, stream.remoteAddress)
    })
    tls.on('tlsClientError', (error, socket) => {
      this.#pendingStreams.done(stream)
      this.#onHandshakeError(error, socket, stream.remoteAddress)
      stream.destroy()
    })
    this.#chains.follow(tls)
    tls.emit('connection', stream)
  }

  /** Counts and logs somebody who was refused before it came here. */
  refuse(reason: RefusalReason, address: string | undefined, detail: string): void {
    this.#refusals.report(reason, address, detail)
  }

  #onConnection(socket: Socket): void {
    if (this.#takes(socket, this.#pending)) this.#tls?.emit('connection', socket)
  }

  /** False when there are too many: the connection is gone. */
  #takes(socket: PendingConnection, pending: PendingHandshakes): boolean {
    if (this.#total >= MAX_CONNECTIONS) {
      this.#refusals.report('capacity', socket.remoteAddress, `${MAX_CONNECTIONS} connections are open`)
      socket.resetAndDestroy()
      return false
    }
    const evicted = pending.add(socket)
    if (evicted !== undefined) {
      this.#refusals.report(
        'capacity',
        socket.remoteAddress,
        `more than ${MAX_PENDING_HANDSHAKES} handshakes at once`,
      )
    }
    return true
  }

  #onHandshakeError(error: Error, socket: TLSSocket, address: string | undefined): void {
    this.#refusals.report(handshakeReason(error, socket), address, handshakeDetail(error, socket))
    socket.destroy()
  }

  #onSecure(socket: TLSSocket, address: string | undefined): void {
    socket.on('error', () => {}) // Whoever gets the socket has its own listener; before that, losing it is no event.
    try {
      this.#handOver(socket)
    } catch (error) {
      const reason = error instanceof PeerRefusedError ? error.reason : 'identity'
      this.#refusals.report(reason, address, describeError(error))
      if (!this.#isTold(socket, error)) socket.destroy()
    }
  }

  #isTold(socket: TLSSocket, error: unknown): boolean {
    if (!(error instanceof PeerRevokedError) || socket.alpnProtocol !== Alpn.control) return false
    if (!this.#deps.onRevoked(socket, error.peer)) return false
    this.#count(socket)
    return true
  }

  #handOver(socket: TLSSocket): void {
    const kind: ConnectionKind = socket.alpnProtocol === Alpn.control ? 'control' : 'data'
    const { clock, tls } = this.#deps
    const peer = admittedPeer(this.#chains.take(socket), tls.trust, clock.now())
    admit(tls.current().identity, peer, kind)
    this.#track(socket, peer, kind)
    tuneSocket(socket)
    if (kind === 'control') this.#deps.onControl(socket, peer)
    else this.#deps.onData(socket, peer)
  }

  #track(socket: TLSSocket, peer: PeerIdentity, kind: ConnectionKind): void {
    const key = `${kind} ${peer.role} ${peer.cluster}`
    const open = this.#connections.get(key) ?? new Set()
    const most = mostOf(peer, kind)
    if (open.size >= most) {
      throw new PeerRefusedError(
        'capacity',
        `${most} ${kind} connections of cluster ${peer.cluster} are open`,
      )
    }
    this.#connections.set(key, open.add(socket))
    this.#count(socket)
    socket.once('close', () => {
      open.delete(socket)
      if (open.size === 0) this.#connections.delete(key)
    })
  }

  #count(socket: TLSSocket): void {
    this.#total += 1
    socket.once('close', () => {
      this.#total -= 1
    })
  }
}

/** Verdicts of OpenSSL on the peer's chain, and what Node says when the handshake itself fails. */
function handshakeReason(error: Error, socket: TLSSocket): RefusalReason {
  const verdict = String(socket.authorizationError ?? '')
  const code = errorCode(error) ?? ''
  if (code === 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE') return 'no-certificate'
  if (code === 'ERR_TLS_HANDSHAKE_TIMEOUT') return 'timeout'
  if (verdict === 'CERT_HAS_EXPIRED' || verdict === 'CERT_NOT_YET_VALID') return 'expired'
  if (isWrongUsage(verdict)) return 'usage'
  return verdict === '' || verdict === 'null' ? 'handshake' : 'untrusted'
}

function handshakeDetail(error: Error, socket: TLSSocket): string {
  return socket.authorizationError ? String(socket.authorizationError) : describeError(error)
}
