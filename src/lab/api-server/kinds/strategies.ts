/**
 * Which kind has which rules.
 */
import { crdStrategy } from '../crd/crd-strategy.ts'
import { podStrategy } from './pod-strategy.ts'
import type { KindRegistry } from './registry.ts'
import type { Strategy } from './resource-definition.ts'
import type { ServiceAddresses } from './service-addresses.ts'
import { serviceStrategy } from './service-strategy.ts'
import * as simple from './simple-strategies.ts'
import * as workload from './workload-strategies.ts'

export interface StrategyDeps {
  readonly kinds: () => KindRegistry
  readonly addresses: () => ServiceAddresses
}

/** Strategies by `group/plural`. */
export function createStrategies(deps: StrategyDeps): Map<string, Strategy> {
  const rbac = 'rbac.authorization.k8s.io'
  return new Map<string, Strategy>([
    ['/namespaces', simple.namespaceStrategy],
    ['/nodes', simple.nodeStrategy],
    ['/pods', podStrategy],
    ['/services', serviceStrategy(deps.addresses)],
    ['/configmaps', simple.configMapStrategy],
    ['/secrets', simple.secretStrategy],
    ['/events', simple.eventStrategy],
    ['/endpoints', simple.endpointsStrategy],
    ['events.k8s.io/events', simple.eventStrategy],
    ['apps/deployments', workload.deploymentStrategy],
    ['apps/replicasets', workload.replicaSetStrategy],
    ['apps/statefulsets', workload.statefulSetStrategy],
    ['apps/daemonsets', workload.daemonSetStrategy],
    ['batch/jobs', workload.jobStrategy],
    ['discovery.k8s.io/endpointslices', simple.endpointSliceStrategy],
    ['coordination.k8s.io/leases', simple.leaseStrategy],
    ['policy/poddisruptionbudgets', simple.budgetStrategy],
    ['networking.k8s.io/networkpolicies', simple.networkPolicyStrategy],
    [`${rbac}/roles`, simple.roleStrategy],
    [`${rbac}/clusterroles`, simple.roleStrategy],
    [`${rbac}/rolebindings`, simple.bindingStrategy],
    [`${rbac}/clusterrolebindings`, simple.bindingStrategy],
    ['apiextensions.k8s.io/customresourcedefinitions', crdStrategy(deps.kinds)],
  ])
}
