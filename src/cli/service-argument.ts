/**
 * The Service that export and unexport are about: `NAME` or `service/NAME`, in a namespace.
 */
import { UsageError } from '../core/errors.ts'
import type { KubeConnection } from '../kube/client.ts'

export interface ServiceRef {
  readonly namespace: string
  readonly name: string
}

/** What Kubernetes takes for the name of a Service or a namespace (RFC 1123 label). */
const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

/** Reads the argument and the namespace; where that is not given it is the context's, known once connected. */
export function serviceArgument(
  argument: string,
  namespace: string | undefined,
): (kube: Pick<KubeConnection, 'namespace'>) => ServiceRef {
  const name = argument.replace(/^(services?|svc)\//i, '')
  if (!LABEL.test(name)) throw new UsageError(`"${argument}" is not a Service: give NAME or service/NAME`)
  if (namespace !== undefined && !LABEL.test(namespace)) {
    throw new UsageError(`--namespace "${namespace}" cannot be the name of a namespace`)
  }
  return (kube) => ({ namespace: namespace ?? kube.namespace, name })
}
