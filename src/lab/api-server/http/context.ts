/**
 * One request as handlers see it.
 */
import type { IncomingMessage } from 'node:http'
import type { UserInfo } from '../authn/user.ts'
import type { RequestInfo } from './request-info.ts'

export interface RequestContext {
  readonly request: IncomingMessage
  readonly info: RequestInfo
  readonly query: URLSearchParams
  readonly user: UserInfo
  /** Adds a Warning header. */
  readonly warn: (text: string) => void
  /** Aborts when the client goes away or the server stops. */
  readonly signal: AbortSignal
}
