/** Documents that a router tells about the network, asked for through the Kubernetes API. */
import { isTrue } from '../../api/conditions.ts'
import { Port } from '../../api/names.ts'
import { REPORT_SECRET, REPORT_TOKEN_HEADER } from '../../api/network-report.ts'
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

/** The routers of a cluster. */
export interface Routers {
  readonly client: KubeClient
  /** Where they run. */
  readonly namespace: string
}

/** What the user has to be allowed, as rules of a Role in the namespace of the routers. */
const RULES = {
  pods: { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
  token: { apiGroups: [''], resources: ['secrets'], resourceNames: [REPORT_SECRET.name], verbs: ['get'] },
  proxy: { apiGroups: [''], resources: ['pods/proxy'], verbs: ['get'] },
} as const
type Right = keyof typeof RULES

/** The document at `path` of a ready router: the user needs the rights to list pods, get the token and `pods/proxy`. */
export async function routerReport<T>(routers: Routers, path: string, query: Query = {}): Promise<T> {
  const name = readyRouter(await routerPods(routers))
  const proxy = resourcePath(Resource.pod, {
    namespace: routers.namespace,
    name: `${name}:${Port.reports}`,
    subresource: `proxy${path}`,
  })
  const document = await ask(routers, proxy + queryString(query))
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

async function routerPods({ client, namespace }: Routers): Promise<RouterPod[]> {
  const labelSelector = 'app.kubernetes.io/name=fairlead-router'
  const asked = client.list<RouterPod>(Resource.pod, { namespace, labelSelector })
  return (await allowed(asked, namespace, 'list pods', ['pods', 'token', 'proxy'])).items
}

interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>
}

async function reportToken({ client, namespace }: Routers): Promise<string> {
  const { name, key } = REPORT_SECRET
  const asked = client.get<Secret>(Resource.secret, { namespace, name })
  const secret = await allowed(asked, namespace, `get Secret ${name}`, ['token', 'proxy'])
  const value = Buffer.from(secret?.data?.[key] ?? '', 'base64').toString('utf8')
  // What routers read from the Secret, without a line end; no header may have one.
  if (/^\s*[!-~]+\s*$/.test(value)) return value.trim()
  throw new ReportError(
    `routers tell this for the token of Secret ${name} in namespace ${namespace}, which is not there: "fairlead install" makes one`,
  )
}

async function ask(routers: Routers, path: string): Promise<unknown> {
  const { client, namespace } = routers
  const headers = { [REPORT_TOKEN_HEADER]: await reportToken(routers) }
  try {
    return await allowed(client.raw(path, undefined, headers), namespace, 'get pods/proxy', ['proxy'])
  } catch (error) {
    // The router's own words: it has no such port, cannot read the question, or has (yet) another token.
    if (error instanceof ApiError && [400, 401, 404].includes(error.status))
      throw new ReportError(error.answer)
    throw error
  }
}

/** What was asked for, or an error that names the rights that this user lacks from here on. */
async function allowed<T>(
  asked: Promise<T>,
  namespace: string,
  what: string,
  rights: readonly Right[],
): Promise<T> {
  try {
    return await asked
  } catch (error) {
    throw isForbidden(error) ? missingRight(namespace, what, rights, error) : error
  }
}

/** The server's own words, which name the user, follow as the cause. */
function missingRight(
  namespace: string,
  what: string,
  rights: readonly Right[],
  cause: unknown,
): ReportError {
  const wanted = rights.map((right) => JSON.stringify(RULES[right])).join(' and ')
  return new ReportError(
    `you have no right to ${what} in namespace ${namespace}, over which routers are asked: ` +
      `ask for a Role there with the ${rights.length > 1 ? 'rules' : 'rule'} ${wanted}`,
    { cause: cause instanceof ApiError ? new Error(cause.answer) : cause },
  )
}
