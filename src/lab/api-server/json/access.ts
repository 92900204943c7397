/**
 * Reading and filling parsed JSON of unknown shape without casts spread over the server.
 */

export type JsonObject = { [key: string]: unknown }

/** A JSON object, not an array and not null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value at `path`, or undefined where anything on the way is missing. */
export function valueAt(value: unknown, ...path: readonly string[]): unknown {
  let current = value
  for (const key of path) {
    if (!isObject(current) || !Object.hasOwn(current, key)) return undefined
    current = current[key]
  }
  return current
}

export function objectAt(value: unknown, ...path: readonly string[]): JsonObject | undefined {
  const found = valueAt(value, ...path)
  return isObject(found) ? found : undefined
}

/** The array at `path`; empty when there is none. */
export function arrayAt(value: unknown, ...path: readonly string[]): unknown[] {
  const found = valueAt(value, ...path)
  return Array.isArray(found) ? found : []
}

/** The objects of the array at `path`. */
export function objectsAt(value: unknown, ...path: readonly string[]): JsonObject[] {
  return arrayAt(value, ...path).filter(isObject)
}

export function stringAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = valueAt(value, ...path)
  return typeof found === 'string' ? found : undefined
}

export function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  const found = valueAt(value, ...path)
  return typeof found === 'number' ? found : undefined
}

/** The strings of the array at `path`. */
export function stringsAt(value: unknown, ...path: readonly string[]): string[] {
  return arrayAt(value, ...path).filter((item) => typeof item === 'string')
}

/** String to string map at `path`; empty when there is none. */
export function stringMapAt(value: unknown, ...path: readonly string[]): Record<string, string> {
  const found = objectAt(value, ...path) ?? {}
  return Object.fromEntries(Object.entries(found).filter(([, item]) => typeof item === 'string')) as Record<
    string,
    string
  >
}

/** The object under `key`, made when missing. */
export function ensureObject(parent: JsonObject, key: string): JsonObject {
  const present = parent[key]
  if (isObject(present)) return present
  const made: JsonObject = {}
  parent[key] = made
  return made
}

/** Fills keys that are missing or null. */
export function fillDefaults(target: JsonObject, defaults: JsonObject): void {
  for (const [key, value] of Object.entries(defaults)) {
    if (target[key] === undefined || target[key] === null) target[key] = value
  }
}
