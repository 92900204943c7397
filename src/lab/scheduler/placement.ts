/** On which node a pod goes: the rules of kube-scheduler that a lab needs. Pure. */
import { fromSelectorObject, matchesLabels } from '../api-server/selectors/label-selector.ts'
import type {
  NodeSelectorTerm,
  PodAffinityTerm,
  SchedulableNode,
  SchedulablePod,
  SpreadConstraint,
  Toleration,
} from './schedulable.ts'

/** The node, or why there is none. */
export type Placement = { readonly node: string } | { readonly reason: string }

/** A node and the pods that are, or will be, there. */
interface Candidate {
  readonly node: SchedulableNode
  readonly pods: readonly SchedulablePod[]
}

/**
 * Of the nodes that the pod may go to, the one that its wishes like best, then the one with the fewest pods, then the
 * first by name. `placed` are the pods that have a node.
 */
export function place(
  pod: SchedulablePod,
  nodes: readonly SchedulableNode[],
  placed: readonly SchedulablePod[],
): Placement {
  const byNode = Map.groupBy(placed.filter(isThere), ({ spec }) => spec?.nodeName ?? '')
  const all = nodes
    .map((node): Candidate => ({ node, pods: byNode.get(nameOf(node)) ?? [] }))
    .toSorted((a, b) => (nameOf(a.node) < nameOf(b.node) ? -1 : 1))
  const refusals: string[] = []
  const possible = all.filter((candidate) => {
    const refusal = refusalOf(pod, candidate, all)
    if (refusal !== undefined) refusals.push(refusal)
    return refusal === undefined
  })
  const [best] = possible.toSorted(
    (a, b) => penaltyOf(pod, a, all) - penaltyOf(pod, b, all) || a.pods.length - b.pods.length,
  )
  if (best !== undefined) return { node: nameOf(best.node) }
  const counts = [...Map.groupBy(refusals, (refusal) => refusal)].map(
    ([refusal, each]) => `${each.length} ${refusal}`,
  )
  return { reason: `0/${nodes.length} nodes are available: ${counts.join(', ') || 'there is none yet'}.` }
}

/** Why the pod may not go there, as kube-scheduler says it. */
function refusalOf(pod: SchedulablePod, candidate: Candidate, all: readonly Candidate[]): string | undefined {
  const { node } = candidate
  if (node.spec?.unschedulable && !tolerates(pod, UNSCHEDULABLE)) return 'node(s) were unschedulable'
  if (!isReady(node)) return 'node(s) were not ready'
  const taint = (node.spec?.taints ?? []).find((each) => isHard(each) && !tolerates(pod, each))
  if (taint !== undefined) return `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`
  if (!isSelected(pod, node)) return "node(s) didn't match Pod's node affinity/selector"
  if (!isNear(pod, candidate, all)) return "node(s) didn't match pod affinity/anti-affinity rules"
  if (!isSpread(pod, candidate, all)) return "node(s) didn't match pod topology spread constraints"
  return undefined
}

type Taint = NonNullable<NonNullable<SchedulableNode['spec']>['taints']>[number]

const UNSCHEDULABLE: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }

function isHard({ effect }: Taint): boolean {
  return effect !== 'PreferNoSchedule'
}

function tolerates({ spec }: SchedulablePod, taint: Taint): boolean {
  const covers = ({ key, operator = 'Equal', value = '', effect }: Toleration) =>
    (effect === undefined || effect === taint.effect) &&
    (key === undefined ? operator === 'Exists' : key === taint.key) &&
    (operator === 'Exists' || value === (taint.value ?? ''))
  return (spec?.tolerations ?? []).some(covers)
}

function isReady({ status }: SchedulableNode): boolean {
  return status?.conditions?.some(({ type, status: holds }) => type === 'Ready' && holds === 'True') ?? false
}

function isSelected({ spec }: SchedulablePod, { metadata: { labels } }: SchedulableNode): boolean {
  const selector = Object.entries(spec?.nodeSelector ?? {})
  if (!selector.every(([key, value]) => labels?.[key] === value)) return false
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const matches = (term: NodeSelectorTerm) => matchesLabels(fromSelectorObject(term), labels)
  return required === undefined || required.nodeSelectorTerms.some(matches)
}

function isNear(pod: SchedulablePod, candidate: Candidate, all: readonly Candidate[]): boolean {
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {}
  const apart = podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
  const together = podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
  const meets = (term: PodAffinityTerm) => matchingIn(term, pod, candidate, all).length > 0
  return !apart.some(meets) && together.every((term) => meets(term) || isFirst(term, pod, all))
}

/** Who wants to be near his like may go anywhere while there is none. */
function isFirst(term: PodAffinityTerm, pod: SchedulablePod, all: readonly Candidate[]): boolean {
  const matches = matcher(term, pod)
  return matches(pod) && !all.some(({ pods }) => pods.some(matches))
}

function isSpread(pod: SchedulablePod, candidate: Candidate, all: readonly Candidate[]): boolean {
  return (pod.spec?.topologySpreadConstraints ?? [])
    .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule')
    .every((constraint) => {
      if (domainOf(candidate, constraint.topologyKey) === undefined) return false
      return spreadOf(constraint, pod, candidate, all) + 1 <= constraint.maxSkew
    })
}

/** How many more of the pod's like are in the candidate's domain than in the emptiest that it may go to. */
function spreadOf(
  constraint: SpreadConstraint,
  pod: SchedulablePod,
  candidate: Candidate,
  all: readonly Candidate[],
): number {
  const eligible = all.filter(
    (each) => isSelected(pod, each.node) && domainOf(each, constraint.topologyKey) !== undefined,
  )
  const counts = eligible.map((each) => matchingIn(constraint, pod, each, all).length)
  return matchingIn(constraint, pod, candidate, all).length - Math.min(...counts)
}

/** What speaks against a node that is possible: more of its like than elsewhere, and preferences for others. */
function penaltyOf(pod: SchedulablePod, candidate: Candidate, all: readonly Candidate[]): number {
  const { topologySpreadConstraints = [], affinity } = pod.spec ?? {}
  const soft = topologySpreadConstraints
    .map((constraint) => matchingIn(constraint, pod, candidate, all).length)
    .reduce((sum, count) => sum + count, 0)
  const wishes = (kind: 'podAffinity' | 'podAntiAffinity') =>
    (affinity?.[kind]?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
      .map(({ weight, podAffinityTerm }) => weight * matchingIn(podAffinityTerm, pod, candidate, all).length)
      .reduce((sum, count) => sum + count, 0)
  return soft + wishes('podAntiAffinity') - wishes('podAffinity')
}

/** Pods that a term is about, in the candidate's domain. */
function matchingIn(
  term: PodAffinityTerm | SpreadConstraint,
  pod: SchedulablePod,
  candidate: Candidate,
  all: readonly Candidate[],
): readonly SchedulablePod[] {
  const domain = domainOf(candidate, term.topologyKey)
  if (domain === undefined) return []
  const there = all.filter((each) => domainOf(each, term.topologyKey) === domain)
  return there.flatMap(({ pods }) => pods.filter(matcher(term, pod)))
}

/** Terms speak of pods in the pod's own namespace, unless they name others; without a selector of none. */
function matcher(term: PodAffinityTerm | SpreadConstraint, pod: SchedulablePod) {
  const named = 'namespaces' in term ? (term.namespaces ?? []) : []
  const namespaces = named.length > 0 ? named : [pod.metadata.namespace ?? 'default']
  const requirements = fromSelectorObject(term.labelSelector)
  return ({ metadata }: SchedulablePod): boolean =>
    term.labelSelector !== undefined &&
    namespaces.includes(metadata.namespace ?? 'default') &&
    matchesLabels(requirements, metadata.labels)
}

function domainOf({ node }: Candidate, key: string): string | undefined {
  return node.metadata.labels?.[key]
}

/** Finished pods take no room, and those that end soon are still like others. */
function isThere({ status }: SchedulablePod): boolean {
  return status?.phase !== 'Succeeded' && status?.phase !== 'Failed'
}

function nameOf({ metadata }: SchedulableNode): string {
  return metadata.name ?? ''
}
