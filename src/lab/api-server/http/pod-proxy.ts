/**
 * GET through to an HTTP port of a pod: `pods/NAME:PORT/proxy/PATH`, as the API server has it.
 */
import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { badRequest, unavailable } from '../errors.ts'
import { stringAt } from '../json/access.ts'
import { POD_PROXY_TIMEOUT_MS } from '../limits.ts'
import type { Target } from '../verbs/deps.ts'
import { readObject } from '../verbs/read.ts'
import type { RequestContext } from './context.ts'
import type { ObjectHandlerDeps } from './object-handlers.ts'
import type { Reply } from './reply.ts'

const AFTER_PROXY = /\/pods\/[^/]+\/proxy(\/.*|\?.*|)$/
const NAME = /^(?<pod>[^:]+)(?::(?<port>\d{1,5}))?$/

/** `name` is the pod's, with the port after a colon where that is not 80. */
export async function podProxyHandler(
  deps: ObjectHandlerDeps,
  target: Target,
  name: string,
  _verb: string,
  context: RequestContext,
): Promise<Reply> {
  const { pod = '', port = '80' } = NAME.exec(name)?.groups ?? {}
  if (pod === '' || Number(port) > 65_535) throw badRequest(`invalid pod request "${name}"`)
  const host = stringAt(readObject(deps, target, pod), 'status', 'podIP')
  if (host === undefined || host === '') throw badRequest(`address not allowed: pod ${pod} has none`)
  const headers = passedOn(context)
  const answer = await fetchFrom({ host, port: Number(port), path: pathOf(context), headers }, context.signal)
  return {
    status: answer.statusCode ?? 502,
    contentType: answer.headers['content-type'] ?? 'application/octet-stream',
    stream: (response) => pipeline(answer, response),
  }
}

/** What follows `/proxy` in the request, with its query. */
function pathOf({ request }: RequestContext): string {
  const rest = AFTER_PROXY.exec(request.url ?? '')?.[1] ?? ''
  return rest.startsWith('/') ? rest : `/${rest}`
}

/** All but what is between the client and this server: its credentials, and the connection. */
function passedOn({ request }: RequestContext): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(request.headers).filter(([name]) => !KEPT_HEADERS.has(name)))
}

const KEPT_HEADERS: ReadonlySet<string> = new Set([
  ...['authorization', 'connection', 'host', 'keep-alive', 'proxy-authorization'],
  ...['te', 'trailer', 'transfer-encoding', 'upgrade'],
])

async function fetchFrom(
  where: { host: string; port: number; path: string; headers: OutgoingHttpHeaders },
  signal: AbortSignal,
): Promise<IncomingMessage> {
  try {
    return await new Promise((resolve, reject) => {
      const bounded = AbortSignal.any([signal, AbortSignal.timeout(POD_PROXY_TIMEOUT_MS)])
      const request = httpRequest({ ...where, signal: bounded, agent: false }, resolve)
      request.once('error', reject)
      request.end()
    })
  } catch (error) {
    throw unavailable(
      `error trying to reach service: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}
