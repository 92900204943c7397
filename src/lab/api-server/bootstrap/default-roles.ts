/**
 * The roles and bindings a cluster begins with.
 */
import type { ApiObject } from '../api-object.ts'

const API_VERSION = 'rbac.authorization.k8s.io/v1'
const WORKLOADS = [
  'daemonsets',
  'deployments',
  'deployments/scale',
  'replicasets',
  'replicasets/scale',
  'statefulsets',
  'statefulsets/scale',
]

const READ = ['get', 'list', 'watch']
const WRITE = ['create', 'delete', 'deletecollection', 'patch', 'update']

interface Rule {
  readonly apiGroups?: readonly string[]
  readonly resources?: readonly string[]
  readonly nonResourceURLs?: readonly string[]
  readonly verbs: readonly string[]
}

function clusterRole(name: string, rules: readonly Rule[], labels: Record<string, string> = {}): ApiObject {
  const metadata = { name, labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels } }
  return { apiVersion: API_VERSION, kind: 'ClusterRole', metadata, rules: [...rules] }
}

/** A role made of all roles that carry its label. */
function aggregated(name: string): ApiObject {
  const matchLabels = { [`rbac.authorization.k8s.io/aggregate-to-${name}`]: 'true' }
  const role = clusterRole(
    name,
    [],
    name === 'admin' ? {} : { [`rbac.authorization.k8s.io/aggregate-to-${PARENT[name]}`]: 'true' },
  )
  // Its rules are written by the aggregation, so this does not speak of them.
  const { rules: _, ...bare } = role
  return {
    ...bare,
    apiVersion: API_VERSION,
    kind: 'ClusterRole',
    metadata: role.metadata,
    aggregationRule: { clusterRoleSelectors: [{ matchLabels }] },
  }
}

/** admin holds what edit holds, which holds what view holds. */
const PARENT: Readonly<Record<string, string>> = { edit: 'admin', view: 'edit' }

function part(name: string, rules: readonly Rule[]): ApiObject {
  return clusterRole(`system:aggregate-to-${name}`, rules, {
    [`rbac.authorization.k8s.io/aggregate-to-${name}`]: 'true',
  })
}

function binding(name: string, groups: readonly string[]): ApiObject {
  return {
    apiVersion: API_VERSION,
    kind: 'ClusterRoleBinding',
    metadata: { name, labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' } },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: groups.map((group) => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: group })),
  }
}

const NAMESPACED: readonly Rule[] = [
  {
    apiGroups: [''],
    resources: [
      'configmaps',
      'endpoints',
      'pods',
      'pods/log',
      'pods/status',
      'serviceaccounts',
      'services',
      'services/status',
      'events',
    ],
    verbs: READ,
  },
  {
    apiGroups: ['apps'],
    resources: WORKLOADS,
    verbs: READ,
  },
  { apiGroups: ['batch'], resources: ['jobs'], verbs: READ },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: READ },
  { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: READ },
  { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: READ },
]

const EDIT: readonly Rule[] = [
  { apiGroups: [''], resources: ['secrets'], verbs: READ },
  {
    apiGroups: [''],
    resources: [
      'configmaps',
      'endpoints',
      'events',
      'pods',
      'pods/eviction',
      'secrets',
      'serviceaccounts',
      'services',
    ],
    verbs: WRITE,
  },
  { apiGroups: [''], resources: ['serviceaccounts/token'], verbs: ['create'] },
  {
    apiGroups: ['apps'],
    resources: WORKLOADS,
    verbs: WRITE,
  },
  { apiGroups: ['batch'], resources: ['jobs'], verbs: WRITE },
  { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: WRITE },
  { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: WRITE },
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: [...READ, ...WRITE] },
]

const ADMIN: readonly Rule[] = [
  { apiGroups: ['authorization.k8s.io'], resources: ['localsubjectaccessreviews'], verbs: ['create'] },
  {
    apiGroups: ['rbac.authorization.k8s.io'],
    resources: ['rolebindings', 'roles'],
    verbs: [...READ, ...WRITE],
  },
]

const PUBLIC = ['/healthz', '/livez', '/readyz', '/version', '/version/']

/** Roles and bindings, those first that others refer to. */
export function defaultRoles(): ApiObject[] {
  return [
    clusterRole('cluster-admin', [
      { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
      { nonResourceURLs: ['*'], verbs: ['*'] },
    ]),
    clusterRole('system:discovery', [
      {
        nonResourceURLs: [...PUBLIC, '/api', '/api/*', '/apis', '/apis/*', '/openapi', '/openapi/*'],
        verbs: ['get'],
      },
    ]),
    clusterRole('system:public-info-viewer', [{ nonResourceURLs: PUBLIC, verbs: ['get'] }]),
    clusterRole('system:service-account-issuer-discovery', [
      { nonResourceURLs: ['/.well-known/openid-configuration', '/openid/v1/jwks'], verbs: ['get'] },
    ]),
    clusterRole('system:basic-user', [
      {
        apiGroups: ['authorization.k8s.io'],
        resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
        verbs: ['create'],
      },
      { apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'], verbs: ['create'] },
    ]),
    clusterRole('system:auth-delegator', [
      { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
      { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
    ]),
    aggregated('admin'),
    aggregated('edit'),
    aggregated('view'),
    part('admin', ADMIN),
    part('edit', EDIT),
    part('view', [...NAMESPACED, { apiGroups: [''], resources: ['namespaces'], verbs: READ }]),
    binding('cluster-admin', ['system:masters']),
    binding('system:discovery', ['system:authenticated']),
    binding('system:basic-user', ['system:authenticated']),
    binding('system:public-info-viewer', ['system:authenticated', 'system:unauthenticated']),
    binding('system:service-account-issuer-discovery', ['system:serviceaccounts']),
  ]
}
