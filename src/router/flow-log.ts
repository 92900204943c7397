/**
 * One JSON line for each finished flow, at the level the user chose.
 */
import type { FlowClient, FlowRequest } from '../amqp/flow-transport.ts'
import { type LogFields, type Logger, LogLevel } from '../core/log.ts'

/** Where flow lines go; `off` writes none. */
export const FlowLogLevel = ['off', 'debug', 'info'] as const
export type FlowLogLevel = (typeof FlowLogLevel)[number]

/** A place that was tried in vain. */
export interface FlowAttempt {
  /** Cluster id at the client's side, `address:port` at the backend's. */
  readonly to: string
  /** System error code or AMQP condition, with what was said. */
  readonly reason: string
}

/** What nearly every flow has: one array for all. */
export const NO_ATTEMPTS: readonly FlowAttempt[] = []

/** The client, and the cluster it is in as its certificate says; names when they are known. */
export interface FlowRecordClient extends FlowClient {
  readonly cluster: string
}

/** All that is told of a finished flow, whatever its protocol. */
export interface FlowRecord {
  readonly side: 'ingress' | 'egress'
  readonly flow: string
  readonly service: string
  readonly port: number
  readonly protocol: 'TCP' | 'UDP'
  /** Id of the endpoint that was asked for; absent when any would do. */
  readonly endpoint?: string
  readonly client: FlowRecordClient
  /** The cluster it went to; empty when to none. */
  readonly cluster: string
  /** `address:port`; empty when none was connected, or at the client's side. */
  readonly backend: string
  /** Those before the last, and that too when it failed. */
  readonly attempts: readonly FlowAttempt[]
  /** Bytes from the client to the backend, as this router saw them. */
  readonly clientBytes: number
  readonly backendBytes: number
  /** From the opening of the flow until a backend had it. */
  readonly connectMs?: number | undefined
  /** From the opening of the flow until the backend's first byte. */
  readonly firstByteMs?: number | undefined
  /** From its opening to its end. */
  readonly milliseconds: number
  /** How often it went on over another data connection. */
  readonly resumed: number
  /** `finished`, or the AMQP error condition. */
  readonly ended: string
  readonly description?: string | undefined
  /** ServicePolicies that refused it, `namespace/name`; absent when none did. */
  readonly policies?: readonly string[] | undefined
  /** Who ended it, or ended it first. */
  readonly endedBy: 'client' | 'backend' | 'router'
}

/** The client as its backend's router tells it: with its global address only if that is believed. */
export function believedClient(
  { globalAddress: _claimed, ...client }: FlowClient,
  cluster: string,
  globalAddress: string | undefined,
): FlowRecordClient {
  return { ...client, cluster, ...(globalAddress === undefined ? {} : { globalAddress }) }
}

/** What a flow asked for, as its record tells it. */
export function askedFor({
  service,
  port,
  protocol,
  endpoint,
}: FlowRequest): Pick<FlowRecord, 'service' | 'port' | 'protocol' | 'endpoint'> {
  return { service, port, protocol, ...(endpoint === undefined ? {} : { endpoint }) }
}

/** `level` as long as a log of `logLevel` shows such lines, else `off`: no record is made for nobody. */
export function flowLogWithin(level: FlowLogLevel, logLevel: LogLevel): FlowLogLevel {
  if (level === 'off') return level
  return LogLevel.indexOf(level) < LogLevel.indexOf(logLevel) ? 'off' : level
}

export type FlowLog = (record: FlowRecord) => void

/** A flow log on `log`; undefined when nobody reads it, so that no record is made. */
export function createFlowLog(log: Logger, level: FlowLogLevel): FlowLog | undefined {
  if (level === 'off') return undefined
  const write = level === 'info' ? log.info.bind(log) : log.debug.bind(log)
  return (record) => write(record as unknown as LogFields, 'flow ended')
}
