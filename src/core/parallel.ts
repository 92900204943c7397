/**
 * Many tasks, a few at a time.
 */

/**
 * Runs `action` for every item, at most `limit` at a time. One that fails keeps none of the others; resolves with what
 * was thrown, in the order it happened.
 */
export async function inParallel<T>(
  items: Iterable<T>,
  limit: number,
  action: (item: T) => Promise<void>,
): Promise<unknown[]> {
  const failures: unknown[] = []
  const waiting = items[Symbol.iterator]()
  const work = async (): Promise<void> => {
    for (let next = waiting.next(); next.done !== true; next = waiting.next()) {
      await action(next.value).catch((error: unknown) => failures.push(error))
    }
  }
  await Promise.all(Array.from({ length: limit }, work))
  return failures
}
