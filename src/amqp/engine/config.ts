/**
 * Settings of a data connection with their defaults.
 */
import { UsageError } from '../../core/errors.ts'
import {
  DEFAULT_CHANNEL_MAX,
  DEFAULT_IDLE_TIMEOUT_MS,
  DEFAULT_INCOMING_WINDOW,
  DEFAULT_MAX_BUFFERED_BYTES,
  DEFAULT_MAX_FLOWS,
  DEFAULT_MAX_FRAME_SIZE,
  DEFAULT_WINDOW_BYTES,
  INITIAL_WINDOW_BYTES,
  MAX_WINDOW_BYTES,
  MIN_MAX_FRAME_SIZE,
} from '../limits.ts'
import type { WindowWidths } from './window-pool.ts'

/** All settings. */
export interface ConnectionConfig {
  /** Who made the transport: the dialer sends its headers, open and begin without waiting. */
  readonly side: 'dialer' | 'acceptor'
  /** Name of this process in AMQP; should be unique. */
  readonly containerId: string
  /** 32 lower-case hex digits, random for each process; without it no flow can be resumed with us. */
  readonly instance?: string | undefined
  /** The virtual host a dialer asks for. */
  readonly hostname?: string | undefined
  /** Largest frame we take, bytes. */
  readonly maxFrameSize: number
  /** Sessions - 1 a peer may begin. */
  readonly channelMax: number
  /** Flows of a session, opened by either side. */
  readonly maxFlows: number
  /** Announced to the peer, milliseconds; twice that silence ends the connection. */
  readonly idleTimeoutMs: number
  /** Bytes a sender may be ahead of the reader of its flow, when that reads fast. */
  readonly windowBytes: number
  /** The same when the round trip is so long that they are used up. */
  readonly maxWindowBytes: number
  /** Transfer frames of a session a peer may send ahead of our flow performatives. */
  readonly incomingWindow: number
  /** Bytes all flows may have waiting for the socket. */
  readonly maxBufferedBytes: number
  /** Id of the first transfer of a session (a serial number modulo 2^32). */
  readonly initialOutgoingId: number
}

/** What the owner must say, and may. */
export type DataConnectionConfig = Pick<ConnectionConfig, 'side' | 'containerId'> & Partial<ConnectionConfig>

/** Fills in the defaults and checks what AMQP demands. */
export function resolveConfig(config: DataConnectionConfig): ConnectionConfig {
  const resolved: ConnectionConfig = {
    maxFrameSize: DEFAULT_MAX_FRAME_SIZE,
    channelMax: DEFAULT_CHANNEL_MAX,
    maxFlows: DEFAULT_MAX_FLOWS,
    idleTimeoutMs: DEFAULT_IDLE_TIMEOUT_MS,
    windowBytes: DEFAULT_WINDOW_BYTES,
    maxWindowBytes: MAX_WINDOW_BYTES,
    incomingWindow: DEFAULT_INCOMING_WINDOW,
    maxBufferedBytes: DEFAULT_MAX_BUFFERED_BYTES,
    initialOutgoingId: 0,
    ...config,
  }
  if (resolved.maxFrameSize < MIN_MAX_FRAME_SIZE) {
    throw new UsageError(`maxFrameSize must be at least ${MIN_MAX_FRAME_SIZE}`)
  }
  return resolved
}

/** Bytes of a window before its reader has shown that it reads. */
export function initialWindowOf({ windowBytes }: Pick<ConnectionConfig, 'windowBytes'>): number {
  return Math.min(windowBytes, INITIAL_WINDOW_BYTES)
}

/** How wide the windows of a connection's flows may be. */
export function windowWidthsOf(config: ConnectionConfig): WindowWidths {
  return { initial: initialWindowOf(config), usual: config.windowBytes, most: config.maxWindowBytes }
}
