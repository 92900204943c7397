/**
 * Dials one peer's control port and waits until the session is ready: what links and the controller's client share.
 */
import { Alpn } from '../api/names.ts'
import type { Logger } from '../core/log.ts'
import type { PeerIdentity } from '../pki/identity.ts'
import type { DialDeps, DialTarget } from './dial-target.ts'
import { DirectorySession, type DirectorySessionDeps, type SharingConfig } from './directory-session.ts'
import type { HeartbeatConfig } from './heartbeat.ts'
import type { Hello } from './messages.ts'
import { dialTls } from './tls-connect.ts'
import type { TlsFiles } from './tls-files.ts'

export interface SessionDialDeps extends DirectorySessionDeps, DialDeps {
  readonly tls: TlsFiles
  readonly logger: Logger
}

export interface SessionDialConfig {
  readonly hello: Hello
  readonly heartbeat: HeartbeatConfig
  /** Throws PeerRefusedError when this is not who was meant to be dialled. */
  readonly requirePeer: (peer: PeerIdentity) => void
  readonly syncWith: (peer: PeerIdentity) => SharingConfig
  readonly onRoundTrip: (ms: number) => void
}

/** A session that is ready, and what the peer said of itself. */
export interface DialledSession {
  readonly session: DirectorySession
  readonly hello: Hello
}

/** Throws why it could not be established. */
export async function dialSession(
  deps: SessionDialDeps,
  config: SessionDialConfig,
  target: DialTarget,
  signal: AbortSignal,
): Promise<DialledSession> {
  const { socket, peer } = await dialTls(deps, target, deps.tls.current(), Alpn.control, signal)
  try {
    config.requirePeer(peer)
  } catch (error) {
    socket.destroy()
    throw error
  }
  const ready = Promise.withResolvers<Hello>()
  const session = new DirectorySession(
    deps,
    {
      side: 'dialer',
      hello: config.hello,
      heartbeat: config.heartbeat,
      ...(target.timeouts === undefined ? {} : { helloTimeoutMs: target.timeouts.helloMs }),
      peer,
      ...config.syncWith(peer),
    },
    { onReady: ready.resolve, onRoundTrip: config.onRoundTrip, onClosed: ready.reject },
    socket,
  )
  const onAbort = () => session.close('stopping')
  signal.addEventListener('abort', onAbort)
  try {
    return { session, hello: await ready.promise }
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
