/**
 * Lists as meta.k8s.io/v1 Tables: what kubectl get prints.
 */
import type { Clock } from '../../../core/clock.ts'
import type { ApiObject } from '../api-object.ts'
import { badRequest } from '../errors.ts'
import { type ServedResource, toVersion } from '../kinds/resource-definition.ts'
import * as cluster from './cluster-columns.ts'
import { AGE, type Column, NAME } from './column.ts'
import { customColumns } from './custom-columns.ts'
import * as network from './network-columns.ts'
import { POD_COLUMNS } from './pod-columns.ts'
import * as workload from './workload-columns.ts'

/** Columns of built-in kinds by what they are stored as. */
const COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  '/pods': POD_COLUMNS,
  '/services': network.SERVICE_COLUMNS,
  '/endpoints': network.ENDPOINTS_COLUMNS,
  '/nodes': cluster.NODE_COLUMNS,
  '/namespaces': cluster.NAMESPACE_COLUMNS,
  '/events': cluster.EVENT_COLUMNS,
  '/secrets': cluster.SECRET_COLUMNS,
  '/configmaps': cluster.CONFIG_MAP_COLUMNS,
  '/serviceaccounts': cluster.SERVICE_ACCOUNT_COLUMNS,
  'apps/deployments': workload.DEPLOYMENT_COLUMNS,
  'apps/replicasets': workload.REPLICA_SET_COLUMNS,
  'apps/statefulsets': workload.STATEFUL_SET_COLUMNS,
  'apps/daemonsets': workload.DAEMON_SET_COLUMNS,
  'batch/jobs': workload.JOB_COLUMNS,
  'discovery.k8s.io/endpointslices': network.ENDPOINT_SLICE_COLUMNS,
  'networking.k8s.io/networkpolicies': network.NETWORK_POLICY_COLUMNS,
  'coordination.k8s.io/leases': cluster.LEASE_COLUMNS,
  'policy/poddisruptionbudgets': cluster.DISRUPTION_BUDGET_COLUMNS,
  'rbac.authorization.k8s.io/roles': cluster.CREATED_COLUMNS,
  'rbac.authorization.k8s.io/clusterroles': cluster.CREATED_COLUMNS,
  'rbac.authorization.k8s.io/rolebindings': cluster.ROLE_BINDING_COLUMNS,
  'rbac.authorization.k8s.io/clusterrolebindings': cluster.ROLE_BINDING_COLUMNS,
  'apiextensions.k8s.io/customresourcedefinitions': cluster.CREATED_COLUMNS,
}

export class TableMaker {
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A table of stored objects; later events of a watch leave the column definitions out. */
  make(
    served: ServedResource,
    objects: readonly ApiObject[],
    metadata: object,
    query: URLSearchParams,
    withColumns = true,
  ): object {
    const columns = columnsOf(served)
    const include = readInclude(query)
    const now = this.#clock.now()
    return {
      kind: 'Table',
      apiVersion: 'meta.k8s.io/v1',
      metadata,
      columnDefinitions: withColumns ? columns.map(({ cell: _, ...definition }) => definition) : [],
      rows: objects.map((object) => ({
        cells: columns.map((column) => column.cell(object, now)),
        ...rowObject(served, object, include),
      })),
    }
  }
}

function columnsOf({ definition, version }: ServedResource): readonly Column[] {
  if (!definition.builtin) return customColumns(version)
  return COLUMNS[definition.bucket] ?? [NAME, AGE]
}

function readInclude(query: URLSearchParams): string {
  const include = query.get('includeObject') || 'Metadata'
  if (['None', 'Metadata', 'Object'].includes(include)) return include
  throw badRequest(`unrecognized includeObject value: "${include}"`)
}

function rowObject(served: ServedResource, object: ApiObject, include: string): object {
  if (include === 'None') return {}
  if (include === 'Object') return { object: toVersion(served, object) }
  return {
    object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata },
  }
}
