/**
 * The plain label maps by which Services select Pods.
 */

type Labels = Readonly<Record<string, string>> | undefined

/** True when every label of `selector` is on the object. An empty selector matches nothing: a Service without one has no pods. */
export function matchesLabels(selector: Labels, labels: Labels): boolean {
  const wanted = Object.entries(selector ?? {})
  return wanted.length > 0 && wanted.every(([key, value]) => labels?.[key] === value)
}
