/**
 * What a cluster holds from the start: namespaces, roles, and the Service under which pods reach the API server.
 */

import { UsageError } from '../../../core/errors.ts'
import { type ApiObject, parseApiVersion } from '../api-object.ts'
import { applyObject } from '../apply/apply-object.ts'
import type { Target } from '../verbs/deps.ts'
import { type ApiDeps, SERVER_WRITE } from '../verbs/deps.ts'
import { defaultRoles } from './default-roles.ts'

const NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease']

/** Creates or brings up to date what must be there. Writes nothing that is right already. `serviceAddress`: ClusterIP of the `kubernetes` Service. */
export function bootstrap(deps: ApiDeps, serviceAddress: string): void {
  for (const name of NAMESPACES) ensure(deps, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  for (const role of defaultRoles()) ensure(deps, role)
  ensure(deps, kubernetesService(serviceAddress))
}

/** Points the `kubernetes` Service to `advertise`, ip:port. */
export function publishEndpoints(deps: ApiDeps, advertise: string): void {
  for (const object of endpoints(advertise)) ensure(deps, object)
}

function ensure(deps: ApiDeps, object: ApiObject): void {
  const { group, version } = parseApiVersion(object.apiVersion)
  const definition = deps.kinds.findKind(group, object.kind)
  const served = definition && deps.kinds.find(group, version, definition.resource)
  if (served === undefined) return
  const target: Target = { served, namespace: object.metadata.namespace }
  const request = {
    name: object.metadata.name ?? '',
    config: object,
    force: true,
    subresource: undefined,
    authorizeCreate: () => {},
  }
  applyObject(deps, target, request, SERVER_WRITE)
}

const META = {
  name: 'kubernetes',
  namespace: 'default',
  labels: { component: 'apiserver', provider: 'kubernetes' },
}

function kubernetesService(clusterIP: string): ApiObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: META,
    spec: {
      clusterIP,
      clusterIPs: [clusterIP],
      ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 6443 }],
    },
  }
}

function endpoints(advertise: string): ApiObject[] {
  const [ip = '', text = ''] = advertise.split(':')
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1) throw new UsageError(`--advertise ${advertise}: give IP:PORT`)
  const ports = [{ name: 'https', port, protocol: 'TCP' }]
  return [
    {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { name: META.name, namespace: META.namespace },
      subsets: [{ addresses: [{ ip }], ports }],
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: META.name,
        namespace: META.namespace,
        labels: { 'kubernetes.io/service-name': META.name },
      },
      addressType: 'IPv4',
      endpoints: [{ addresses: [ip], conditions: { ready: true } }],
      ports,
    },
  ]
}
