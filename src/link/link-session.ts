/**
 * Dials one peer's control port and waits until the session is ready: what links, and the clients of controllers and
 * agents share.
 */
import type { TLSSocket } from 'node:tls'
import { Alpn } from '../api/names.ts'
import type { FairleadError } from '../core/errors.ts'
import type { Logger } from '../core/log.ts'
import type { DialDeps, DialTarget } from './dial-target.ts'
import { DirectorySession, type DirectorySessionDeps, type SharingConfig } from './directory-session.ts'
import type { HeartbeatConfig } from './heartbeat.ts'
import type { Hello } from './messages.ts'
import type { AdmittedPeer } from './peer-chain.ts'
import { dialTls } from './tls-connect.ts'
import type { TlsFiles } from './tls-files.ts'

export interface ControlDialDeps extends DialDeps {
  readonly tls: TlsFiles
}

export interface SessionDialDeps extends Omit<DirectorySessionDeps, 'trust'>, ControlDialDeps {
  readonly logger: Logger
}

export interface SessionDialConfig {
  readonly hello: Hello
  readonly heartbeat: HeartbeatConfig
  /** Throws PeerRefusedError when this is not who was meant to be dialled. */
  readonly requirePeer: (peer: AdmittedPeer) => void
  readonly syncWith: (peer: AdmittedPeer) => SharingConfig
  readonly onRoundTrip: (ms: number) => void
}

/** A session that is ready, and what the peer said of itself. */
export interface ReadySession<S> {
  readonly session: S
  readonly hello: Hello
}

export type DialledSession = ReadySession<DirectorySession>

/** How a session is made on a socket whose peer is known. */
export interface SessionMaker<S> {
  readonly requirePeer: (peer: AdmittedPeer) => void
  readonly create: (
    socket: TLSSocket,
    peer: AdmittedPeer,
    handlers: { onReady(hello: Hello): void; onClosed(error: FairleadError): void },
  ) => S
}

/** Dials for a session that replicates the directory. Throws why it could not be established. */
export async function dialSession(
  deps: SessionDialDeps,
  { hello, heartbeat, requirePeer, syncWith, onRoundTrip }: SessionDialConfig,
  target: DialTarget,
  signal: AbortSignal,
): Promise<DialledSession> {
  const helloTimeout = target.timeouts === undefined ? {} : { helloTimeoutMs: target.timeouts.helloMs }
  const maker: SessionMaker<DirectorySession> = {
    requirePeer,
    create: (socket, peer, handlers) =>
      new DirectorySession(
        { ...deps, trust: deps.tls.trust },
        { side: 'dialer', hello, heartbeat, ...helloTimeout, peer, ...syncWith(peer) },
        { ...handlers, onRoundTrip },
        socket,
      ),
  }
  return await dialReady(deps, maker, target, signal)
}

/** Dials for a session of any kind. Throws why it could not be established. */
export async function dialReady<S extends { close(reason: string): void }>(
  deps: ControlDialDeps,
  { requirePeer, create }: SessionMaker<S>,
  target: DialTarget,
  signal: AbortSignal,
): Promise<ReadySession<S>> {
  const { socket, peer } = await dialTls(deps, target, deps.tls, Alpn.control, signal)
  try {
    requirePeer(peer)
  } catch (error) {
    socket.destroy()
    throw error
  }
  const ready = Promise.withResolvers<Hello>()
  const session = create(socket, peer, { onReady: ready.resolve, onClosed: ready.reject })
  const onAbort = () => session.close('stopping')
  signal.addEventListener('abort', onAbort)
  try {
    return { session, hello: await ready.promise }
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
