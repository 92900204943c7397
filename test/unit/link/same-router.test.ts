import { expect, test } from '@jest/globals'
import type { DataLine } from '../../../src/link/data-lines.ts'
import { SAME_ROUTER_ATTEMPTS } from '../../../src/link/limits.ts'
import { dialSameRouter } from '../../../src/link/same-router.ts'

interface TestLine extends DataLine {
  readonly router: string | undefined
  readonly closed: string[]
  readonly used: string[]
}

/** Without a router it never says who it is. */
function line(router?: string): TestLine {
  const gone = Promise.withResolvers<void>()
  const closed: string[] = []
  const used: string[] = []
  return {
    router,
    closed,
    used,
    use: () => void used.push('used'),
    whenClosed: gone.promise,
    whenKnown: router === undefined ? new Promise(() => {}) : Promise.resolve(router),
    whenDraining: new Promise(() => {}),
    close(reason) {
      closed.push(reason)
      gone.resolve()
    },
  }
}

function balancer(...routers: (string | undefined)[]) {
  const lines: TestLine[] = []
  const dial = async () => {
    const next = line(routers[lines.length % routers.length])
    lines.push(next)
    return next
  }
  return { lines, dial }
}

const never = new AbortController().signal

test('lines to other routers are closed until one leads to the right one', async () => {
  const { lines, dial } = balancer('b', 'c', 'a')
  expect(await dialSameRouter(dial, 'a', never)).toBe(lines[2])
  expect(lines.map(({ closed }) => closed.length)).toEqual([1, 1, 0])
  expect(lines.map(({ used }) => used.length)).toEqual([0, 0, 1])
})

test('when none leads there the last one is kept', async () => {
  const { lines, dial } = balancer('b')
  const kept = await dialSameRouter(dial, 'a', never)
  expect(lines).toHaveLength(SAME_ROUTER_ATTEMPTS)
  expect(kept).toBe(lines.at(-1))
  expect(lines.filter(({ closed }) => closed.length === 0)).toEqual([kept])
})

test('a line that closes before it says who it is, is for others to deal with', async () => {
  const { lines, dial } = balancer(undefined)
  const kept = dialSameRouter(dial, 'a', never)
  await Promise.resolve()
  lines[0]?.close('lost')
  expect(await kept).toBe(lines[0])
})

test('a link that is closed meanwhile closes its line', async () => {
  const { lines, dial } = balancer(undefined)
  const stop = new AbortController()
  const kept = dialSameRouter(dial, 'a', stop.signal)
  await Promise.resolve()
  stop.abort()
  await kept
  expect(lines[0]?.closed).toEqual(['the link is closing'])
})
