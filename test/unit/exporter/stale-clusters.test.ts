/** Clusters that are out of reach: when they become stale, when they cease to be, what imports say. */
import { expect, test } from '@jest/globals'
import { CONDITION_MESSAGE_MAX } from '../../../src/api/limits.ts'
import type { ServiceImport } from '../../../src/api/mcs.ts'
import type { Directory } from '../../../src/api/service-record.ts'
import { Snapshot } from '../../../src/core/snapshot.ts'
import type { ViewChange } from '../../../src/exporter/clusterset-view.ts'
import { importStatus } from '../../../src/exporter/import-object.ts'
import { MESSAGE_CLUSTERS } from '../../../src/exporter/limits.ts'
import { mergeService } from '../../../src/exporter/service-merge.ts'
import { StaleClusters } from '../../../src/exporter/stale-clusters.ts'
import { staleNames } from '../../../src/exporter/staleness.ts'
import { directory, origin, record } from '../../support/exporter-objects.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const GRACE = 60_000

/** An import of these clusters as it is written while `stale` are. */
function imported(clusters: readonly string[], stale: readonly string[] = []): ServiceImport {
  const merged = mergeService(clusters.map((cluster) => ({ cluster, record: record() })))
  if (merged === undefined) throw new Error('nothing merged')
  return importStatus(merged, undefined, { metadata: {} }, 0, { stale: new Set(stale) })
}

/** The view of cluster west. */
function watching(clusters: readonly string[], imports: readonly ServiceImport[] = []) {
  const clock = new FakeClock()
  const reachable = new Snapshot<ReadonlySet<string> | undefined>(undefined)
  let known: Directory = directory(...['west', ...clusters].map((each) => origin(each)))
  let listener = (_: ViewChange) => {}
  const stale = new StaleClusters(
    {
      clock,
      reachable,
      stores: { imports: { list: () => imports } as never },
      view: {
        current: () => known,
        subscribe: (added) => {
          listener = added
          return () => {}
        },
      },
    },
    { cluster: 'west', graceMs: GRACE },
  )
  return {
    clock,
    stale,
    now: () => [...stale.clusters.current()].sort(),
    reach: (...names: string[]) => reachable.set(new Set(names)),
    forget: () => reachable.set(undefined),
    appear: (cluster: string) => {
      known = new Map(known).set(cluster, origin(cluster))
      listener({
        keys: new Set(),
        appeared: [cluster],
        namespaces: new Set(),
        properties: false,
        blocks: false,
      })
    },
  }
}

test('a cluster becomes stale when the grace time has passed, not before, and is not when it is back', async () => {
  const { clock, stale, now, reach } = watching(['east', 'north'])
  await stale.start()
  reach('east', 'north')
  reach('north')
  await clock.advance(GRACE - 1)
  expect(now()).toEqual([])
  await clock.advance(1)
  expect(now()).toEqual(['east'])
  reach('east', 'north')
  expect(now()).toEqual([])
})

test('one that is back within the grace time starts over when it is lost again', async () => {
  const { clock, stale, now, reach } = watching(['east'])
  await stale.start()
  reach()
  await clock.advance(GRACE - 1)
  reach('east')
  reach()
  await clock.advance(GRACE - 1)
  expect(now()).toEqual([])
})

test('the own cluster never is, and one that exports nothing neither', async () => {
  const { clock, stale, now, reach } = watching([])
  await stale.start()
  reach()
  await clock.advance(GRACE)
  expect(now()).toEqual([])
})

test('a cluster that appears unreached has the grace time from then', async () => {
  const { clock, stale, now, reach, appear } = watching([])
  await stale.start()
  reach()
  await clock.advance(GRACE)
  appear('east')
  await clock.advance(GRACE - 1)
  expect(now()).toEqual([])
  await clock.advance(1)
  expect(now()).toEqual(['east'])
})

test('while nothing is known of who can be reached, nobody becomes stale and nobody ceases to be', async () => {
  const { clock, stale, now, reach, forget } = watching(['east', 'north'])
  await stale.start()
  reach('north')
  await clock.advance(GRACE)
  reach()
  forget()
  await clock.advance(GRACE)
  expect(now()).toEqual(['east'])
  reach()
  await clock.advance(GRACE)
  expect(now()).toEqual(['east', 'north'])
})

test('a controller that starts goes on from what imports say', async () => {
  const imports = [imported(['east', 'north'], ['north']), imported(['east'])]
  const { stale, now, reach } = watching(['east', 'north'], imports)
  await stale.start()
  expect(now()).toEqual(['north'])
  reach('east', 'north')
  expect(now()).toEqual([])
})

test('a cluster that only imports remember becomes stale too', async () => {
  const { clock, stale, now, reach } = watching([], [imported(['east'])])
  await stale.start()
  reach()
  await clock.advance(GRACE)
  expect(now()).toEqual(['east'])
})

test('nothing is left behind by one that is stopped', async () => {
  const { clock, stale, now, reach } = watching(['east'])
  await stale.start()
  reach()
  await stale.stop()
  await clock.advance(GRACE)
  expect(now()).toEqual([])
})

test('a message names as many as fit, counts the others, and is read back', () => {
  const names = Array.from({ length: MESSAGE_CLUSTERS + 3 }, (_, index) => `${'c'.repeat(61)}${10 + index}`)
  const all = imported(names, names)
  const message = all.status?.conditions?.find(({ type }) => type === 'fairlead.dev/Stale')?.message ?? ''
  expect(message.endsWith(' and 3 more')).toBe(true)
  expect(message.length).toBeLessThan(CONDITION_MESSAGE_MAX)
  expect(staleNames(all)).toEqual(names.slice(0, MESSAGE_CLUSTERS))
  expect(staleNames(imported(['a', 'b'], ['b']))).toEqual(['b'])
  expect(staleNames(imported(['a']))).toEqual([])
})
