/**
 * eviction and log of pods.
 */
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { ApiObject } from '../api-object.ts'
import { badRequest, internal, StatusError, unavailable } from '../errors.ts'
import { objectAt, objectsAt, stringAt, valueAt } from '../json/access.ts'
import { fromSelectorObject, matchesLabels } from '../selectors/label-selector.ts'
import { deleteObject } from '../verbs/delete.ts'
import type { Target } from '../verbs/deps.ts'
import { readObject } from '../verbs/read.ts'
import { readBody } from './body.ts'
import type { RequestContext } from './context.ts'
import type { ObjectHandlerDeps } from './object-handlers.ts'
import { json, type Reply } from './reply.ts'
import { readDeleteOptions } from './write-options.ts'

/** Deletes the pod, unless a PodDisruptionBudget allows no disruption. */
export async function evictionHandler(
  deps: ObjectHandlerDeps,
  target: Target,
  name: string,
  _verb: string,
  context: RequestContext,
): Promise<Reply> {
  const body = await readBody(context.request, 'Ignore')
  const pod = readObject(deps, target, name)
  checkBudgets(deps, pod)
  deleteObject(deps, target, name, readDeleteOptions(context.query, objectAt(body?.value, 'deleteOptions')))
  return json(201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' })
}

function checkBudgets(deps: ObjectHandlerDeps, pod: ApiObject): void {
  for (const budget of deps.store.bucket('policy/poddisruptionbudgets').values(pod.metadata.namespace)) {
    const selected = matchesLabels(
      fromSelectorObject(valueAt(budget, 'spec', 'selector')),
      pod.metadata.labels,
    )
    if (!selected || valueAt(budget, 'status', 'disruptionsAllowed') !== 0) continue
    const message = "Cannot evict pod as it would violate the pod's disruption budget."
    const detail = `The disruption budget ${budget.metadata.name} allows no disruption at present`
    throw new StatusError(429, 'TooManyRequests', message, {
      causes: [{ reason: 'DisruptionBudget', message: detail }],
    })
  }
}

/** Query parameters the kubelet is handed. */
const LOG_OPTIONS = [
  'follow',
  'previous',
  'sinceSeconds',
  'sinceTime',
  'timestamps',
  'tailLines',
  'limitBytes',
]

/** A handler that hands logs on from the kubelet of the pod's node. */
export function logHandler(kubelets: ReadonlyMap<string, string>) {
  return async (
    deps: ObjectHandlerDeps,
    target: Target,
    name: string,
    _verb: string,
    context: RequestContext,
  ): Promise<Reply> => {
    const pod = readObject(deps, target, name)
    const container = containerOf(pod, context.query.get('container'))
    const node = stringAt(pod, 'spec', 'nodeName')
    if (!node) throw badRequest(`pod ${name} does not have a host assigned`)
    const socketPath = kubelets.get(node)
    if (socketPath === undefined)
      throw unavailable(`no kubelet of node ${node} is connected to this API server`)
    const answer = await fetchLog(socketPath, logPath(pod, container, context.query), context.signal)
    if (answer.statusCode !== 200) throw await logError(answer)
    return {
      status: 200,
      contentType: 'text/plain',
      stream: (response) => pipeline(answer, response),
    }
  }
}

function containerOf(pod: ApiObject, asked: string | null): string {
  const names = ['containers', 'initContainers'].map((field) =>
    objectsAt(pod, 'spec', field).map((container) => stringAt(container, 'name') ?? ''),
  )
  const [containers = [], inits = []] = names
  const { name } = pod.metadata
  if (asked === null || asked === '') {
    if (containers.length === 1) return containers[0] ?? ''
    throw badRequest(
      `a container name must be specified for pod ${name}, choose one of: [${containers.join(' ')}]`,
    )
  }
  if ([...containers, ...inits].includes(asked)) return asked
  throw badRequest(`container ${asked} is not valid for pod ${name}`)
}

function logPath(pod: ApiObject, container: string, query: URLSearchParams): string {
  const options = new URLSearchParams()
  for (const option of LOG_OPTIONS) {
    const value = query.get(option)
    if (value !== null) options.set(option, value)
  }
  const parts = [pod.metadata.namespace ?? '', pod.metadata.name ?? '', container].map(encodeURIComponent)
  return `/containerLogs/${parts.join('/')}?${options}`
}

async function fetchLog(socketPath: string, path: string, signal: AbortSignal): Promise<IncomingMessage> {
  try {
    return await new Promise((resolve, reject) => {
      const request: ClientRequest = httpRequest({ socketPath, path, signal }, resolve)
      request.once('error', reject)
      request.end()
    })
  } catch (error) {
    throw internal(`cannot reach the kubelet: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** What the kubelet said instead of a log; a few hundred bytes. */
async function logError(answer: IncomingMessage): Promise<StatusError> {
  const text = (await answer.setEncoding('utf8').toArray()).join('').trim()
  return new StatusError(
    answer.statusCode ?? 500,
    answer.statusCode === 404 ? 'NotFound' : 'BadRequest',
    text,
  )
}
