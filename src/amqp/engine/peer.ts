/**
 * What a peer's open performative says, checked, and what ours says: how our own routers know each other.
 */
import type { Open } from '../codec/performatives.ts'
import { type AmqpValue, asCount, asText, type Properties, string, uint, ulong } from '../codec/value.ts'
import { AmqpError, Condition, limitError } from '../errors.ts'
import {
  MAX_ERROR_TEXT_LENGTH,
  MAX_WINDOW_BYTES,
  MIN_MAX_FRAME_SIZE,
  MIN_PEER_IDLE_TIMEOUT_MS,
} from '../limits.ts'
import { type ConnectionConfig, initialWindowOf } from './config.ts'

/** Property of open: the peer counts windows in bytes as described here. */
const VERSION_PROPERTY = 'fairlead:version'

/** Property of open: bytes a flow may carry towards the sender of this open before the first grant. */
const INITIAL_WINDOW_PROPERTY = 'fairlead:initial-window'

/** Property of open: random for each process, so that a router that restarted is known from one that was only cut off. */
const INSTANCE_PROPERTY = 'fairlead:instance'

const INSTANCE = /^[0-9a-f]{32}$/

/** Property of flow: the receiver takes bytes up to this offset of the flow. */
export const LIMIT_PROPERTY = 'fairlead:limit'

/** Property of flow: the receiver has handed on the bytes before this offset of the flow. */
export const CONSUMED_PROPERTY = 'fairlead:consumed'

/** Routers of another version are taken for strangers, to whom AMQP's own credit applies. */
const VERSION = 2

/** The other end of a connection. */
export interface Peer {
  readonly containerId: string
  /** A router of ours: windows are counted in bytes. */
  readonly ours: boolean
  /** The process behind the container id; undefined when it tells none, and nothing can be resumed with it. */
  readonly instance: string | undefined
  /** Bytes a flow may carry towards it before it grants any; 0 for strangers. */
  readonly initialWindow: number
  readonly maxFrameSize: number
  readonly channelMax: number
  /** Milliseconds of silence after which it hangs up; undefined: never. */
  readonly idleTimeOut: number | undefined
}

/** Checks a received open. */
export function peerOf(open: Open): Peer {
  const { maxFrameSize = 0xffff_ffff, channelMax = 0xffff, containerId } = open
  if (containerId.length > MAX_ERROR_TEXT_LENGTH) throw limitError('container-id is too long')
  if (maxFrameSize < MIN_MAX_FRAME_SIZE) {
    throw new AmqpError(
      Condition.invalidField,
      `max-frame-size ${maxFrameSize} is below ${MIN_MAX_FRAME_SIZE}`,
    )
  }
  const ours = asCount(open.properties?.get(VERSION_PROPERTY)) === VERSION
  const initialWindow = ours ? (asCount(open.properties?.get(INITIAL_WINDOW_PROPERTY)) ?? 0) : 0
  return {
    containerId,
    ours,
    instance: instanceOf(open),
    initialWindow: Math.min(initialWindow, MAX_WINDOW_BYTES),
    maxFrameSize,
    channelMax,
    idleTimeOut: idleTimeOutOf(open),
  }
}

function instanceOf({ properties }: Open): string | undefined {
  const value = properties?.get(INSTANCE_PROPERTY)
  if (value === undefined) return undefined
  const instance = asText(value)
  if (instance !== undefined && INSTANCE.test(instance)) return instance
  throw new AmqpError(Condition.invalidField, `property ${INSTANCE_PROPERTY} is not 32 hex digits`)
}

function idleTimeOutOf({ idleTimeOut }: Open): number | undefined {
  if (idleTimeOut === undefined || idleTimeOut === 0) return undefined
  if (idleTimeOut >= MIN_PEER_IDLE_TIMEOUT_MS) return idleTimeOut
  const text = `idle-time-out of ${idleTimeOut} ms, the least is ${MIN_PEER_IDLE_TIMEOUT_MS}`
  throw new AmqpError(Condition.notAllowed, text)
}

/** The open we send. */
export function openOf(config: ConnectionConfig): Open {
  return {
    kind: 'open',
    containerId: config.containerId,
    hostname: config.hostname,
    maxFrameSize: config.maxFrameSize,
    channelMax: config.channelMax,
    idleTimeOut: config.idleTimeoutMs,
    properties: openProperties(config),
  }
}

function openProperties(config: ConnectionConfig): Properties {
  const properties = new Map<string, AmqpValue>([
    [VERSION_PROPERTY, uint(VERSION)],
    [INITIAL_WINDOW_PROPERTY, ulong(initialWindowOf(config))],
  ])
  if (config.instance !== undefined) properties.set(INSTANCE_PROPERTY, string(config.instance))
  return properties
}
