/**
 * The part of strategic merge that overlays need: maps merge, null removes, lists are merged by name or replaced.
 */

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

/** `base` with `patch` laid over it; neither is changed. */
export function strategicMerge(base: Json | undefined, patch: Json): Json {
  if (Array.isArray(patch)) return mergeLists(base, patch)
  if (!isMap(patch)) return patch
  const merged: { [key: string]: Json } = isMap(base) ? { ...base } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key]
    else merged[key] = strategicMerge(merged[key], value)
  }
  return merged
}

function mergeLists(base: Json | undefined, patch: Json[]): Json {
  if (!Array.isArray(base) || ![...base, ...patch].every(hasName)) return patch
  const placeOf = (item: Json) => base.findIndex((old) => nameOf(old) === nameOf(item))
  const untouched = base.filter((old) => !patch.some((item) => nameOf(item) === nameOf(old)))
  const merged: Json[] = []
  for (const item of patch) {
    const place = placeOf(item)
    // As kubectl orders them: what the patch adds comes before all that stands behind its last neighbour there.
    while (untouched[0] !== undefined && placeOf(untouched[0]) < place) merged.push(untouched.shift() as Json)
    merged.push(strategicMerge(base[place], item))
  }
  return [...merged, ...untouched]
}

function isMap(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function hasName(value: Json): boolean {
  return nameOf(value) !== undefined
}

function nameOf(value: Json): Json | undefined {
  return isMap(value) ? value['name'] : undefined
}
