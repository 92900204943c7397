/**
 * The built-in resources: one row each. What a kind does beyond being stored is in its strategy.
 */

import { definition } from '../openapi/catalog.ts'
import { eventsConversion } from './events-conversion.ts'
import { ALL_VERBS, type ResourceDefinition, type Strategy, type Subresource } from './resource-definition.ts'

export interface BuiltinRow {
  readonly group: string
  readonly kind: string
  readonly resource: string
  readonly package: string
  readonly short?: readonly string[]
  readonly all?: true
  readonly cluster?: true
  readonly status?: true
  readonly scale?: true
  readonly sub?: readonly Subresource[]
  readonly verbs?: readonly string[]
}

const APPS = { group: 'apps', package: 'io.k8s.api.apps.v1', all: true, status: true } as const
const RBAC = { group: 'rbac.authorization.k8s.io', package: 'io.k8s.api.rbac.v1' } as const
const CORE = { group: '', package: 'io.k8s.api.core.v1' } as const
const AUTHZ = {
  group: 'authorization.k8s.io',
  package: 'io.k8s.api.authorization.v1',
  verbs: ['create'],
} as const
const AUTHN = {
  group: 'authentication.k8s.io',
  package: 'io.k8s.api.authentication.v1',
  verbs: ['create'],
} as const

const PROXY: Subresource = { name: 'proxy', kind: 'PodProxyOptions', verbs: ['get'] }
const EVICTION: Subresource = {
  name: 'eviction',
  kind: 'Eviction',
  group: 'policy',
  version: 'v1',
  verbs: ['create'],
}
const TOKEN: Subresource = {
  name: 'token',
  kind: 'TokenRequest',
  group: 'authentication.k8s.io',
  version: 'v1',
  verbs: ['create'],
}

const ROWS: readonly BuiltinRow[] = [
  {
    ...CORE,
    kind: 'Namespace',
    resource: 'namespaces',
    short: ['ns'],
    cluster: true,
    status: true,
    sub: [{ name: 'finalize', kind: 'Namespace', verbs: ['update'] }],
  },
  { ...CORE, kind: 'Node', resource: 'nodes', short: ['no'], cluster: true, status: true },
  {
    ...CORE,
    kind: 'Pod',
    resource: 'pods',
    short: ['po'],
    all: true,
    status: true,
    sub: [{ name: 'log', kind: 'Pod', verbs: ['get'] }, PROXY, EVICTION],
  },
  { ...CORE, kind: 'Service', resource: 'services', short: ['svc'], all: true, status: true },
  { ...CORE, kind: 'ConfigMap', resource: 'configmaps', short: ['cm'] },
  { ...CORE, kind: 'Secret', resource: 'secrets' },
  { ...CORE, kind: 'ServiceAccount', resource: 'serviceaccounts', short: ['sa'], sub: [TOKEN] },
  { ...CORE, kind: 'Event', resource: 'events', short: ['ev'] },
  { ...CORE, kind: 'Endpoints', resource: 'endpoints', short: ['ep'] },
  {
    group: 'events.k8s.io',
    package: 'io.k8s.api.events.v1',
    kind: 'Event',
    resource: 'events',
    short: ['ev'],
  },
  { ...APPS, kind: 'Deployment', resource: 'deployments', short: ['deploy'], scale: true },
  { ...APPS, kind: 'ReplicaSet', resource: 'replicasets', short: ['rs'], scale: true },
  { ...APPS, kind: 'StatefulSet', resource: 'statefulsets', short: ['sts'], scale: true },
  { ...APPS, kind: 'DaemonSet', resource: 'daemonsets', short: ['ds'] },
  { group: 'batch', package: 'io.k8s.api.batch.v1', kind: 'Job', resource: 'jobs', all: true, status: true },
  {
    group: 'discovery.k8s.io',
    package: 'io.k8s.api.discovery.v1',
    kind: 'EndpointSlice',
    resource: 'endpointslices',
  },
  { group: 'coordination.k8s.io', package: 'io.k8s.api.coordination.v1', kind: 'Lease', resource: 'leases' },
  {
    group: 'policy',
    package: 'io.k8s.api.policy.v1',
    kind: 'PodDisruptionBudget',
    resource: 'poddisruptionbudgets',
    short: ['pdb'],
    status: true,
  },
  {
    group: 'networking.k8s.io',
    package: 'io.k8s.api.networking.v1',
    kind: 'NetworkPolicy',
    resource: 'networkpolicies',
    short: ['netpol'],
  },
  { ...RBAC, kind: 'Role', resource: 'roles' },
  { ...RBAC, kind: 'RoleBinding', resource: 'rolebindings' },
  { ...RBAC, kind: 'ClusterRole', resource: 'clusterroles', cluster: true },
  { ...RBAC, kind: 'ClusterRoleBinding', resource: 'clusterrolebindings', cluster: true },
  { ...AUTHZ, kind: 'SelfSubjectAccessReview', resource: 'selfsubjectaccessreviews', cluster: true },
  { ...AUTHZ, kind: 'SelfSubjectRulesReview', resource: 'selfsubjectrulesreviews', cluster: true },
  { ...AUTHZ, kind: 'SubjectAccessReview', resource: 'subjectaccessreviews', cluster: true },
  { ...AUTHZ, kind: 'LocalSubjectAccessReview', resource: 'localsubjectaccessreviews' },
  { ...AUTHN, kind: 'TokenReview', resource: 'tokenreviews', cluster: true },
  { ...AUTHN, kind: 'SelfSubjectReview', resource: 'selfsubjectreviews', cluster: true },
  {
    group: 'apiextensions.k8s.io',
    package: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1',
    kind: 'CustomResourceDefinition',
    resource: 'customresourcedefinitions',
    short: ['crd', 'crds'],
    cluster: true,
    status: true,
  },
]

/** Definitions of the built-in resources; `strategies` by `group/plural`. */
export function builtinDefinitions(strategies: ReadonlyMap<string, Strategy>): ResourceDefinition[] {
  return ROWS.map((row) => toDefinition(row, strategies.get(`${row.group}/${row.resource}`) ?? {}))
}

function toDefinition(row: BuiltinRow, strategy: Strategy): ResourceDefinition {
  const schemaName = `${row.package}.${row.kind}`
  const bucket = row.resource === 'events' ? '/events' : `${row.group}/${row.resource}`
  return {
    group: row.group,
    resource: row.resource,
    singular: row.kind.toLowerCase(),
    kind: row.kind,
    listKind: `${row.kind}List`,
    namespaced: row.cluster !== true,
    shortNames: row.short ?? [],
    categories: row.all === true ? ['all'] : row.group === 'apiextensions.k8s.io' ? ['api-extensions'] : [],
    verbs: row.verbs ?? ALL_VERBS,
    subresources: row.sub ?? [],
    builtin: true,
    bucket,
    storageVersion: 'v1',
    strategy,
    versions: [
      {
        version: 'v1',
        served: true,
        schemaName,
        schema: definition(schemaName),
        status: row.status === true,
        scale: row.scale === true ? WORKLOAD_SCALE : undefined,
        columns: [],
        ...(row.group === 'events.k8s.io' ? { convert: eventsConversion } : {}),
      },
    ],
  }
}

const WORKLOAD_SCALE = {
  specReplicas: ['spec', 'replicas'],
  statusReplicas: ['status', 'replicas'],
  labelSelector: ['spec', 'selector'],
} as const
