/**
 * What a handler answers with, and how it is put on the wire.
 */
import type { ServerResponse } from 'node:http'
import { MAX_WARNINGS } from '../limits.ts'

export interface TextReply {
  readonly status: number
  readonly contentType: string
  readonly body: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
}

/** A body written over time: watches and logs. Resolves when it ended. */
export interface StreamReply {
  readonly status: number
  readonly contentType: string
  readonly stream: (response: ServerResponse) => Promise<void>
}

export type Reply = TextReply | StreamReply

export function json(status: number, value: unknown, contentType = 'application/json'): TextReply {
  return { status, contentType, body: typeof value === 'string' ? value : JSON.stringify(value) }
}

export function plain(status: number, text: string): TextReply {
  return { status, contentType: 'text/plain; charset=utf-8', body: text }
}

/** Sends a reply; HEAD gets the headers only. */
export async function sendReply(
  response: ServerResponse,
  reply: Reply,
  warnings: readonly string[],
  headOnly: boolean,
): Promise<void> {
  response.statusCode = reply.status
  response.setHeader('content-type', reply.contentType)
  response.setHeader('cache-control', 'no-cache, private')
  if (warnings.length > 0) response.setHeader('warning', warnings.slice(0, MAX_WARNINGS).map(warningHeader))
  if ('stream' in reply) {
    response.flushHeaders()
    await reply.stream(response)
    response.end()
    return
  }
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value)
  response.setHeader('content-length', Buffer.byteLength(reply.body))
  response.end(headOnly ? undefined : reply.body)
}

/** RFC 7234 section 5.5, code 299, as kubectl prints. Headers hold Latin-1 without control characters only. */
function warningHeader(text: string): string {
  const clean = text.replaceAll(/[^\x20-\x7e]/g, '?').replaceAll(/["\\]/g, String.raw`\$&`)
  return `299 - "${clean}"`
}
