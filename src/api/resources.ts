/**
 * Which API each kind lives at. The Kubernetes client takes these, so that no path is spelled twice.
 */
import { ABOUT_GROUP, FAIRLEAD_GROUP, MCS_GROUP } from './names.ts'

const ADMISSION_GROUP = 'admissionregistration.k8s.io'

/** One served resource. `group` is empty for the core group. */
export interface ResourceType {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly kind: string
  readonly namespaced: boolean
}

function resource(
  group: string,
  version: string,
  plural: string,
  kind: string,
  namespaced = true,
): ResourceType {
  return { group, version, plural, kind, namespaced }
}

export const Resource = {
  namespace: resource('', 'v1', 'namespaces', 'Namespace', false),
  node: resource('', 'v1', 'nodes', 'Node', false),
  pod: resource('', 'v1', 'pods', 'Pod'),
  service: resource('', 'v1', 'services', 'Service'),
  configMap: resource('', 'v1', 'configmaps', 'ConfigMap'),
  secret: resource('', 'v1', 'secrets', 'Secret'),
  serviceAccount: resource('', 'v1', 'serviceaccounts', 'ServiceAccount'),
  event: resource('events.k8s.io', 'v1', 'events', 'Event'),
  endpointSlice: resource('discovery.k8s.io', 'v1', 'endpointslices', 'EndpointSlice'),
  lease: resource('coordination.k8s.io', 'v1', 'leases', 'Lease'),
  deployment: resource('apps', 'v1', 'deployments', 'Deployment'),
  daemonSet: resource('apps', 'v1', 'daemonsets', 'DaemonSet'),
  replicaSet: resource('apps', 'v1', 'replicasets', 'ReplicaSet'),
  statefulSet: resource('apps', 'v1', 'statefulsets', 'StatefulSet'),
  customResourceDefinition: resource(
    'apiextensions.k8s.io',
    'v1',
    'customresourcedefinitions',
    'CustomResourceDefinition',
    false,
  ),
  admissionPolicy: resource(
    ADMISSION_GROUP,
    'v1',
    'validatingadmissionpolicies',
    'ValidatingAdmissionPolicy',
    false,
  ),
  admissionPolicyBinding: resource(
    ADMISSION_GROUP,
    'v1',
    'validatingadmissionpolicybindings',
    'ValidatingAdmissionPolicyBinding',
    false,
  ),
  serviceExport: resource(MCS_GROUP, 'v1beta1', 'serviceexports', 'ServiceExport'),
  serviceImport: resource(MCS_GROUP, 'v1beta1', 'serviceimports', 'ServiceImport'),
  clusterProperty: resource(ABOUT_GROUP, 'v1beta1', 'clusterproperties', 'ClusterProperty', false),
  link: resource(FAIRLEAD_GROUP, 'v1alpha1', 'links', 'Link'),
  invite: resource(FAIRLEAD_GROUP, 'v1alpha1', 'invites', 'Invite'),
  joinRequest: resource(FAIRLEAD_GROUP, 'v1alpha1', 'joinrequests', 'JoinRequest'),
  trust: resource(FAIRLEAD_GROUP, 'v1alpha1', 'trusts', 'Trust'),
  trafficPolicy: resource(FAIRLEAD_GROUP, 'v1alpha1', 'trafficpolicies', 'TrafficPolicy'),
  servicePolicy: resource(FAIRLEAD_GROUP, 'v1alpha1', 'servicepolicies', 'ServicePolicy'),
  globalNetwork: resource(FAIRLEAD_GROUP, 'v1alpha1', 'globalnetworks', 'GlobalNetwork', false),
  globalEgressIP: resource(FAIRLEAD_GROUP, 'v1alpha1', 'globalegressips', 'GlobalEgressIP'),
  globalIngressIP: resource(FAIRLEAD_GROUP, 'v1alpha1', 'globalingressips', 'GlobalIngressIP'),
} as const

/** `v1` or `group/version`. */
export function apiVersion(type: ResourceType): string {
  return type.group === '' ? type.version : `${type.group}/${type.version}`
}
