/**
 * Structural comparison of JSON-like values. Knows nothing of Kubernetes.
 */

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The own keys whose value is present; `undefined` counts as absent, as it does in JSON. */
function presentKeys(value: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(value).filter((key) => value[key] !== undefined)
}

/** True when both are the same value as JSON would write them, whatever the order of keys. */
export function sameValue(left: unknown, right: unknown): boolean {
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, index) => sameValue(item, right[index]))
  }
  if (!isObject(left) || !isObject(right)) return left === right
  const keys = presentKeys(left)
  return keys.length === presentKeys(right).length && keys.every((key) => sameValue(left[key], right[key]))
}

/**
 * True when `actual` has everything that `wanted` says. Objects may hold more (defaults, other owners' fields);
 * arrays must have the same length, item by item.
 */
export function contains(actual: unknown, wanted: unknown): boolean {
  if (Array.isArray(actual) && Array.isArray(wanted)) {
    return actual.length === wanted.length && wanted.every((item, index) => contains(actual[index], item))
  }
  if (!isObject(actual) || !isObject(wanted)) return actual === wanted
  return presentKeys(wanted).every((key) => contains(actual[key], wanted[key]))
}

/** The JSON merge patch (RFC 7386) that turns `from` into `to`; undefined when they are the same. */
export function mergePatch(from: unknown, to: unknown): unknown {
  if (sameValue(from, to)) return undefined
  if (!isObject(from) || !isObject(to)) return to
  const patch: Record<string, unknown> = {}
  for (const key of new Set([...presentKeys(from), ...presentKeys(to)])) {
    const change = to[key] === undefined ? null : mergePatch(from[key], to[key])
    if (change !== undefined) patch[key] = change
  }
  return patch
}
