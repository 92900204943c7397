/** What `lab cut` and `lab heal` are told to separate. Pure. */
import { UsageError } from '../../core/errors.ts'

export type CutTarget =
  | { readonly kind: 'pair'; readonly clusters: readonly [string, string] }
  | { readonly kind: 'pod'; readonly cluster: string; readonly pod: string }

/** `A B` is a pair of clusters, `CLUSTER/POD` or `CLUSTER/NAMESPACE/POD` one pod. */
export function cutTarget(a: string, b: string | undefined): CutTarget {
  const slash = a.indexOf('/')
  if (slash === -1) return pair(a, b)
  const [cluster, pod] = [a.slice(0, slash), a.slice(slash + 1)]
  if (cluster === '' || !/^[^/]+(\/[^/]+)?$/.test(pod))
    throw new UsageError(`"${a}" is not CLUSTER/POD or CLUSTER/NAMESPACE/POD`)
  if (b !== undefined) throw new UsageError('a pod is separated from all: name nothing else')
  return { kind: 'pod', cluster, pod }
}

function pair(a: string, b: string | undefined): CutTarget {
  if (b === undefined) throw new UsageError('name the other cluster too, or a pod as CLUSTER/POD')
  if (b.includes('/')) throw new UsageError('a pod is separated from all: name nothing else')
  return { kind: 'pair', clusters: [a, b] }
}
