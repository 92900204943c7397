/**
 * One message in, at most one message out: the checks around the zones (RFC 1035, RFC 6891). Knows no sockets.
 */
import { describeError } from '../core/errors.ts'
import type { Logger } from '../core/log.ts'
import type { Authority } from './authority.ts'
import { Rcode, RecordType } from './dns-records.ts'
import type { DnsStats } from './dns-stats.ts'
import { TCP_SIZE_MAX, UDP_SIZE_MAX, UDP_SIZE_WITHOUT_EDNS } from './limits.ts'
import { writeAnswer, writeError } from './message-writer.ts'
import { DROP, type Query, readQuery } from './query-reader.ts'

export type Transport = 'udp' | 'tcp'

/** What a listener does with a message: an answer now or later, or none. */
export type MessageHandler = (
  message: Buffer,
  transport: Transport,
) => Buffer | undefined | Promise<Buffer | undefined>

export interface ResponderDeps {
  readonly authority: Pick<Authority, 'find'>
  readonly stats: DnsStats
  readonly log: Logger
  /** From 0 to 1, for the order of answers. */
  readonly random: () => number
  /** Asked for names outside of our zones; without it they are refused: we do no recursion. */
  readonly outside?: (message: Buffer, query: Query, transport: Transport) => Promise<Buffer | undefined>
}

const CLASS_IN = 1

/** The handler for listeners. */
export function createResponder(deps: ResponderDeps): MessageHandler {
  return (message, transport) => {
    const result = readQuery(message)
    if (result === DROP) return void deps.stats.dropped(transport)
    const response =
      'query' in result
        ? safely(deps, message, result.query, transport)
        : writeError(message, result.rcode, result.end)
    if (response instanceof Buffer) deps.stats.answered(transport, response)
    return response
  }
}

/** The UDP octets that the client can take, within our own bounds. */
export function sizeLimit(query: Query, transport: Transport): number {
  if (transport === 'tcp') return TCP_SIZE_MAX
  if (query.edns === undefined) return UDP_SIZE_WITHOUT_EDNS
  return Math.min(UDP_SIZE_MAX, Math.max(UDP_SIZE_WITHOUT_EDNS, query.edns.size))
}

/** A fault of ours in one answer must not end the process that serves all others. */
function safely(
  deps: ResponderDeps,
  message: Buffer,
  query: Query,
  transport: Transport,
): ReturnType<typeof respond> {
  try {
    return respond(deps, message, query, transport)
  } catch (error) {
    deps.log.error({ error: describeError(error), type: query.type }, 'an answer could not be made')
    return writeError(message, Rcode.servFail, query.end, query.edns)
  }
}

function respond(
  deps: ResponderDeps,
  message: Buffer,
  query: Query,
  transport: Transport,
): Buffer | Promise<Buffer | undefined> {
  const refusal = refusalOf(query)
  if (refusal !== undefined) return writeError(message, refusal, query.end, query.edns)
  const answer = deps.authority.find(query)
  if (answer !== undefined)
    return writeAnswer(message, query, answer, sizeLimit(query, transport), deps.random)
  if (deps.outside !== undefined) return deps.outside(message, query, transport)
  return writeError(message, Rcode.refused, query.end, query.edns)
}

/** Questions that no zone is asked: another EDNS version, another class, zone transfers. */
function refusalOf(query: Query): Rcode | undefined {
  if (query.edns !== undefined && query.edns.version > 0) return Rcode.badVers
  if (query.class !== CLASS_IN) return Rcode.refused
  const isTransfer = query.type === RecordType.AXFR || query.type === RecordType.IXFR
  return isTransfer ? Rcode.refused : undefined
}
