/**
 * JSON Merge Patch (RFC 7386).
 */
import { isObject, type JsonObject } from '../json/access.ts'
import { cloneJson } from '../json/compare.ts'

/** `target` after the patch; the inputs are left alone. */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return cloneJson(patch)
  const result: JsonObject = isObject(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = applyMergePatch(result[key], value)
  }
  return result
}
