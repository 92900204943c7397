/**
 * Which kind has which rules.
 */
import { crdStrategy } from '../crd/crd-strategy.ts'
import type { KindRegistry } from './registry.ts'
import type { Strategy } from './resource-definition.ts'

export interface StrategyDeps {
  readonly kinds: () => KindRegistry
}

/** Strategies by `group/plural`. */
export function createStrategies(deps: StrategyDeps): Map<string, Strategy> {
  return new Map<string, Strategy>([
    ['apiextensions.k8s.io/customresourcedefinitions', crdStrategy(deps.kinds)],
  ])
}
