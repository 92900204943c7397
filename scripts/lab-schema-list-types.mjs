// How lists and maps of built-in kinds merge (server-side apply and strategic merge): the models of client-node leave it out.
const map = (...keys) => ({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys })
const merge = (key, strategy = 'merge') => ({
  'x-kubernetes-patch-strategy': strategy,
  ...(key === undefined ? {} : { 'x-kubernetes-patch-merge-key': key }),
})
const mapMerge = (key, strategy) => ({ ...map(key), ...merge(key, strategy) })
const set = { 'x-kubernetes-list-type': 'set' }
const atomicMap = { 'x-kubernetes-map-type': 'atomic' }
const conditions = mapMerge('type')

export const LIST_TYPES = {
  'ObjectMeta.finalizers': { ...set, ...merge() },
  'ObjectMeta.ownerReferences': mapMerge('uid'),
  'ServiceAccount.secrets': mapMerge('name'),
  'PodSpec.containers': mapMerge('name'),
  'PodSpec.initContainers': mapMerge('name'),
  'PodSpec.ephemeralContainers': mapMerge('name'),
  'PodSpec.volumes': mapMerge('name', 'merge,retainKeys'),
  'PodSpec.imagePullSecrets': mapMerge('name'),
  'PodSpec.hostAliases': mapMerge('ip'),
  'PodSpec.schedulingGates': mapMerge('name'),
  'PodSpec.resourceClaims': mapMerge('name', 'merge,retainKeys'),
  'PodSpec.topologySpreadConstraints': {
    ...map('topologyKey', 'whenUnsatisfiable'),
    ...merge('topologyKey'),
  },
  'PodSpec.nodeSelector': atomicMap,
  'PodStatus.conditions': conditions,
  'PodStatus.podIPs': mapMerge('ip'),
  'PodStatus.hostIPs': { 'x-kubernetes-list-type': 'atomic', ...merge('ip') },
  'Container.env': mapMerge('name'),
  'Container.ports': { ...map('containerPort', 'protocol'), ...merge('containerPort') },
  'Container.volumeMounts': mapMerge('mountPath'),
  'Container.volumeDevices': mapMerge('devicePath'),
  'ServiceSpec.ports': { ...map('port', 'protocol'), ...merge('port') },
  'ServiceSpec.selector': atomicMap,
  'ServiceStatus.conditions': conditions,
  'NamespaceStatus.conditions': conditions,
  'NodeStatus.conditions': conditions,
  'NodeStatus.addresses': mapMerge('type'),
  'NodeSpec.podCIDRs': { ...set, ...merge() },
  'DeploymentSpec.strategy': merge(undefined, 'retainKeys'),
  'DeploymentStatus.conditions': conditions,
  'ReplicaSetStatus.conditions': conditions,
  'StatefulSetStatus.conditions': conditions,
  'DaemonSetStatus.conditions': conditions,
  'JobStatus.conditions': { 'x-kubernetes-list-type': 'atomic', ...merge('type') },
  'PodDisruptionBudgetStatus.conditions': conditions,
  'PodDisruptionBudgetSpec.selector': merge(undefined, 'replace'),
  'CustomResourceDefinitionStatus.conditions': map('type'),
  'Endpoint.addresses': set,
  // Part of a list's key, so that items without it find their counterpart.
  'ContainerPort.protocol': { default: 'TCP' },
  'ServicePort.protocol': { default: 'TCP' },
  ...Object.fromEntries(
    [
      'LabelSelector',
      'ObjectReference',
      'LocalObjectReference',
      'TypedLocalObjectReference',
      'SecretKeySelector',
      'ConfigMapKeySelector',
      'ObjectFieldSelector',
      'ResourceFieldSelector',
      'NodeSelector',
      'NodeSelectorTerm',
      'RoleRef',
      'Subject',
      'ScopeSelector',
      'EndpointAddress',
    ].map((name) => [name, atomicMap]),
  ),
}
