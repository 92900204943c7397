/** Documents that a router tells about the network, asked for through the Kubernetes API. */
import { isTrue } from '../../api/conditions.ts'
import { Port, SYSTEM_NAMESPACE } from '../../api/names.ts'
import type { Condition, KubeObject } from '../../api/objects.ts'
import { Resource } from '../../api/resources.ts'
import { FairleadError } from '../../core/errors.ts'
import { ApiError, isForbidden } from '../../kube/errors.ts'
import { type Query, queryString, resourcePath } from '../../kube/paths.ts'
import type { KubeClient } from '../../kube/types.ts'

/** No router can be asked, or it cannot say. */
export class ReportError extends FairleadError {
  override readonly name = 'ReportError'

  constructor(message: string, options: ErrorOptions = {}) {
    super('report', message, options)
  }
}

/** A pod as far as is looked at. */
export interface RouterPod extends KubeObject {
  readonly status?: { readonly conditions?: Condition[] }
}

/** What the user has to be allowed, as rules of a Role in the namespace of the routers. */
const RULES = {
  pods: { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
  proxy: { apiGroups: [''], resources: ['pods/proxy'], verbs: ['get'] },
} as const

/** The document at `path` of a ready router of the cluster: the user needs the rights to list pods and get `pods/proxy`. */
export async function routerReport<T>(client: KubeClient, path: string, query: Query = {}): Promise<T> {
  const name = readyRouter(await routerPods(client))
  const proxy = resourcePath(Resource.pod, {
    namespace: SYSTEM_NAMESPACE,
    name: `${name}:${Port.health}`,
    subresource: `proxy${path}`,
  })
  const document = await ask(client, proxy + queryString(query))
  if (typeof document !== 'object' || document === null)
    throw new ReportError(`${name} does not answer ${path}: it may be of an older version`)
  return document as T
}

/** Name of the first ready one, so that the same is asked each time. Throws ReportError. */
export function readyRouter(pods: readonly RouterPod[]): string {
  const [name] = pods
    .filter(({ status }) => isTrue(status?.conditions, 'Ready'))
    .map(({ metadata }) => metadata.name ?? '')
    .sort()
  if (name !== undefined) return name
  throw new ReportError(
    pods.length === 0
      ? 'this cluster has no routers: run "fairlead install" first'
      : 'no router of this cluster is ready: see "fairlead status"',
  )
}

async function routerPods(client: KubeClient): Promise<RouterPod[]> {
  try {
    const { items } = await client.list<RouterPod>(Resource.pod, {
      namespace: SYSTEM_NAMESPACE,
      labelSelector: 'app.kubernetes.io/name=fairlead-router',
    })
    return items
  } catch (error) {
    throw isForbidden(error) ? missingRight('list pods', [RULES.pods, RULES.proxy], error) : error
  }
}

async function ask(client: KubeClient, path: string): Promise<unknown> {
  try {
    return await client.raw(path)
  } catch (error) {
    if (isForbidden(error)) throw missingRight('get pods/proxy', [RULES.proxy], error)
    // The router's own words: it has no such port, or cannot read the question.
    if (error instanceof ApiError && (error.status === 400 || error.status === 404))
      throw new ReportError(error.answer)
    throw error
  }
}

/** The server's own words, which name the user, follow as the cause. */
function missingRight(what: string, rules: readonly object[], cause: unknown): ReportError {
  const wanted = rules.map((rule) => JSON.stringify(rule)).join(' and ')
  return new ReportError(
    `you have no right to ${what} in namespace ${SYSTEM_NAMESPACE}, over which routers are asked: ` +
      `ask for a Role there with the ${rules.length > 1 ? 'rules' : 'rule'} ${wanted}`,
    { cause: cause instanceof ApiError ? new Error(cause.answer) : cause },
  )
}
