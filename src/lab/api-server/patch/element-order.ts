/**
 * `$setElementOrder`: the items named come in the order given, those only the server knows stay behind their neighbour.
 */
import { isObject } from '../json/access.ts'
import { canonicalJson } from '../json/compare.ts'

/** `items` in the wanted order; `mergeKey` is undefined for plain values. */
export function orderItems(
  items: readonly unknown[],
  order: readonly unknown[],
  mergeKey: string | undefined,
): unknown[] {
  const identity = (item: unknown): string =>
    canonicalJson(mergeKey !== undefined && isObject(item) ? (item[mergeKey] ?? null) : item)
  const rank = new Map(order.map((item, index) => [identity(item), index]))
  const named = items.filter((item) => rank.has(identity(item)))
  named.sort((a, b) => (rank.get(identity(a)) ?? 0) - (rank.get(identity(b)) ?? 0))
  const result = [...named]
  for (const [index, item] of items.entries()) {
    if (rank.has(identity(item))) continue
    const neighbour = items[index - 1]
    const at = neighbour === undefined ? 0 : result.indexOf(neighbour) + 1
    result.splice(at, 0, item)
  }
  return result
}
