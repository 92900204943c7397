/**
 * Label selectors as apps/v1 has them, and the plain maps of core/v1 Services.
 */
import type { LabelRequirement, LabelSelector } from './workloads.ts'

type Labels = Readonly<Record<string, string>> | undefined

/** True when every label of `selector` is on the object. An empty selector matches nothing: a Service without one has no pods. */
export function matchesLabels(selector: Labels, labels: Labels): boolean {
  const wanted = Object.entries(selector ?? {})
  return wanted.length > 0 && wanted.every(([key, value]) => labels?.[key] === value)
}

/** True when `labels` satisfy every term of a metav1.LabelSelector. An empty selector matches nothing here. */
export function matchesSelector(selector: LabelSelector, labels: Labels): boolean {
  const equalities = Object.entries(selector.matchLabels ?? {})
  const requirements = selector.matchExpressions ?? []
  if (equalities.length === 0 && requirements.length === 0) return false
  return (
    equalities.every(([key, value]) => labels?.[key] === value) &&
    requirements.every((requirement) => satisfies(requirement, labels?.[requirement.key]))
  )
}

function satisfies(requirement: LabelRequirement, value: string | undefined): boolean {
  const values = requirement.values ?? []
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
  }
}
