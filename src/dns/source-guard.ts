/**
 * Datagrams of sources over their limit: turned away before they cost an answer. A truncated answer is never longer than
 * the query, so whoever forges addresses gains nothing by it.
 */
import type { Clock } from '../core/clock.ts'
import type { DnsStats } from './dns-stats.ts'
import { writeTruncated } from './message-writer.ts'
import { DROP, readQuery } from './query-reader.ts'
import type { MessageHandler } from './responder.ts'
import { type SourceLimits, Verdict } from './source-limits.ts'

/** What the UDP listener does with a message from an address. */
export type DatagramHandler = (message: Buffer, address: string) => ReturnType<MessageHandler>

export interface SourceGuardDeps {
  readonly handler: MessageHandler
  readonly limits: SourceLimits
  readonly stats: Pick<DnsStats, 'limited'>
  readonly clock: Pick<Clock, 'monotonic'>
}

/** Passes on what is within the limits. */
export function guardSources({ handler, limits, stats, clock }: SourceGuardDeps): DatagramHandler {
  return (message, address) => {
    const verdict = limits.judge(address, clock.monotonic())
    if (verdict === Verdict.pass) return handler(message, 'udp')
    const response = verdict === Verdict.truncate ? truncated(message) : undefined
    stats.limited(response)
    return response
  }
}

/** An empty answer that says TC; undefined for what is no query. */
function truncated(message: Buffer): Buffer | undefined {
  const result = readQuery(message)
  if (result === DROP || !('query' in result)) return undefined
  return writeTruncated(message, result.query.end, result.query.edns)
}
