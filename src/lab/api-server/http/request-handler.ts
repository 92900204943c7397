/**
 * The way of every request: who, may they, what, answer; and its line in the audit log.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { describeError } from '../../../core/errors.ts'
import type { Logger } from '../../../core/log.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { Authenticator } from '../authn/authenticator.ts'
import { ANONYMOUS, type UserInfo } from '../authn/user.ts'
import { attributesOf, forbiddenRequest } from '../authz/forbidden-text.ts'
import type { Rbac } from '../authz/rbac.ts'
import { badRequest, internal, StatusError, unauthorized } from '../errors.ts'
import type { RequestContext } from './context.ts'
import type { Dispatcher } from './dispatch.ts'
import { type PathHandlers, PUBLIC_PATHS } from './path-handlers.ts'
import { json, type Reply, sendReply } from './reply.ts'
import { parseRequest, type RequestInfo } from './request-info.ts'

export interface RequestHandlerDeps {
  readonly log: Logger
  readonly audit: AuditLog | undefined
  readonly authenticator: Authenticator
  readonly rbac: Rbac
  readonly dispatcher: Dispatcher
  readonly paths: PathHandlers
  readonly count: (labels: Record<string, string>) => void
  /** Aborts when the server stops. */
  readonly stopping: AbortSignal
}

/** Answers one request; never rejects. */
export async function handleRequest(
  deps: RequestHandlerDeps,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const warnings: string[] = []
  const url = new URL(request.url ?? '/', 'https://server')
  const info = parseRequest(request.method ?? 'GET', url)
  let user: UserInfo | undefined
  let reply: Reply
  try {
    if (info === undefined) throw badRequest('the path is not a valid URL')
    user = authenticate(deps, request, info)
    authorize(deps, user, info)
    const context: RequestContext = {
      request,
      info,
      query: url.searchParams,
      user,
      warn: (text) => void warnings.push(text),
      signal: deps.stopping,
    }
    reply = await route(deps, info, context)
  } catch (error) {
    reply = errorReply(deps, error, request)
  }
  record(deps, user, info, reply.status)
  await send(deps, request, response, reply, warnings)
}

function route(deps: RequestHandlerDeps, info: RequestInfo, context: RequestContext): Promise<Reply> {
  return info.kind === 'path'
    ? deps.paths.handle(info.path, context)
    : deps.dispatcher.dispatch(info, context)
}

/** Nobody may stay unknown, except to ask for health and version. */
function authenticate(deps: RequestHandlerDeps, request: IncomingMessage, info: RequestInfo): UserInfo {
  const user = deps.authenticator.identify(request)
  if (user === undefined) throw unauthorized()
  if (user === ANONYMOUS && !(info.kind === 'path' && PUBLIC_PATHS.has(info.path))) throw unauthorized()
  return user
}

function authorize(deps: RequestHandlerDeps, user: UserInfo, info: RequestInfo): void {
  if (info.kind === 'path' && PUBLIC_PATHS.has(info.path)) return
  if (!deps.rbac.authorize(user, attributesOf(info)).allowed) throw forbiddenRequest(user, info)
}

function errorReply(deps: RequestHandlerDeps, error: unknown, request: IncomingMessage): Reply {
  if (error instanceof StatusError) return json(error.status, error.toStatus())
  const what = { method: request.method, url: request.url, error: describeError(error) }
  deps.log.error({ ...what, stack: error instanceof Error ? error.stack : undefined }, 'request failed')
  const status = internal(describeError(error))
  return json(status.status, status.toStatus())
}

function record(
  deps: RequestHandlerDeps,
  user: UserInfo | undefined,
  info: RequestInfo | undefined,
  code: number,
): void {
  if (info === undefined) return
  deps.count({ verb: info.verb, resource: info.kind === 'resource' ? info.resource : '', code: String(code) })
  deps.audit?.write(user ?? ANONYMOUS, info, code)
}

async function send(
  deps: RequestHandlerDeps,
  request: IncomingMessage,
  response: ServerResponse,
  reply: Reply,
  warnings: readonly string[],
): Promise<void> {
  if (hasUnreadBody(request)) {
    // The rest of the body would be taken for the next request of this connection.
    response.setHeader('connection', 'close')
    request.resume()
  }
  try {
    await sendReply(response, reply, warnings, request.method === 'HEAD')
  } catch (error) {
    if (!response.destroyed)
      deps.log.warn({ url: request.url, error: describeError(error) }, 'answer was cut off')
    response.destroy()
  }
}

function hasUnreadBody(request: IncomingMessage): boolean {
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = request.headers
  return (length !== '0' || encoding !== undefined) && !request.complete
}
