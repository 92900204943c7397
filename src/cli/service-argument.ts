/**
 * The Service that export and unexport are about: `NAME` or `service/NAME`, in a namespace.
 */
import { UsageError } from '../core/errors.ts'
import type { KubeConnection } from '../kube/client.ts'

export interface ServiceRef {
  readonly namespace: string
  readonly name: string
}

/** Reads the argument; the namespace is the given one, else the context's. */
export function serviceRef(
  argument: string,
  namespace: string | undefined,
  kube: KubeConnection,
): ServiceRef {
  const [, name] = /^(?:(?:services?|svc)\/)?([^/\s]+)$/i.exec(argument) ?? []
  if (name === undefined) throw new UsageError(`"${argument}" is not a Service: give NAME or service/NAME`)
  return { namespace: namespace ?? kube.namespace, name }
}
