/** Documents that a router tells about the network, asked for through the Kubernetes API. */
import { isTrue } from '../../api/conditions.ts'
import { Port, SYSTEM_NAMESPACE } from '../../api/names.ts'
import type { Condition, KubeObject } from '../../api/objects.ts'
import { Resource } from '../../api/resources.ts'
import { FairleadError } from '../../core/errors.ts'
import { type Query, queryString, resourcePath } from '../../kube/paths.ts'
import type { KubeClient } from '../../kube/types.ts'

/** No router can be asked, or it cannot say. */
export class ReportError extends FairleadError {
  override readonly name = 'ReportError'

  constructor(message: string) {
    super('report', message)
  }
}

/** A pod as far as is looked at. */
export interface RouterPod extends KubeObject {
  readonly status?: { readonly conditions?: Condition[] }
}

/** The document at `path` of a ready router of the cluster: the user needs the right to get `pods/proxy`. */
export async function routerReport<T>(client: KubeClient, path: string, query: Query = {}): Promise<T> {
  const { items } = await client.list<RouterPod>(Resource.pod, {
    namespace: SYSTEM_NAMESPACE,
    labelSelector: 'app.kubernetes.io/name=fairlead-router',
  })
  const name = readyRouter(items)
  const port = `${name}:${Port.health}`
  const proxy = resourcePath(Resource.pod, {
    namespace: SYSTEM_NAMESPACE,
    name: port,
    subresource: `proxy${path}`,
  })
  const document = await client.raw(proxy + queryString(query))
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
