/**
 * One JSON line for each finished flow, at the level the user chose.
 */
import type { LogFields, Logger } from '../core/log.ts'

/** Where flow lines go; `off` writes none. */
export const FlowLogLevel = ['off', 'debug', 'info'] as const
export type FlowLogLevel = (typeof FlowLogLevel)[number]

/** All that is told of a finished flow. */
export interface FlowRecord {
  readonly side: 'ingress' | 'egress'
  readonly flow: string
  readonly service: string
  readonly port: number
  readonly client: string
  /** Ingress: the cluster it went to. Egress: the cluster it came from. */
  readonly cluster: string
  /** Egress only; empty when none was connected. */
  readonly backend: string
  /** Bytes from the client to the backend, as this router saw them. */
  readonly clientBytes: number
  readonly backendBytes: number
  readonly milliseconds: number
  /** `finished`, or the AMQP error condition with its description. */
  readonly ended: string
}

export type FlowLog = (record: FlowRecord) => void

/** A flow log on `log`. The record is made by the caller only when `enabled`. */
export function createFlowLog(log: Logger, level: FlowLogLevel): FlowLog | undefined {
  if (level === 'off') return undefined
  const write = level === 'info' ? log.info.bind(log) : log.debug.bind(log)
  return (record) => write(record as unknown as LogFields, 'flow ended')
}
