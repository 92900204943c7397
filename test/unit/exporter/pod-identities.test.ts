/** Pods that were listed again, because what happened meanwhile is lost. */
import { expect, test } from '@jest/globals'
import type { Pod } from '../../../src/api/objects.ts'
import { silentLogger } from '../../../src/core/log.ts'
import { createMetrics } from '../../../src/core/metrics.ts'
import { PodIdentities } from '../../../src/exporter/pod-identities.ts'
import { ApiError } from '../../../src/kube/errors.ts'
import type { ListWatchDeps } from '../../../src/kube/list-watch.ts'
import type { KubeList, ListOptions, WatchOptions } from '../../../src/kube/types.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const pod = (name: string, podIP: string, startTime = '2026-01-01T00:00:00Z'): Pod => ({
  metadata: { name, uid: name, namespace: 'demo', resourceVersion: '1' },
  spec: { serviceAccountName: 'web' },
  status: { phase: 'Running', podIP, startTime },
})

/** Lists these one after another; every watch of all but the last finds its history gone. */
function client(...lists: Pod[][]): ListWatchDeps['client'] {
  let listed = 0
  return {
    list: async <T>(
      _: unknown,
      { transform = (item) => item }: ListOptions<T> = {},
    ): Promise<KubeList<T>> => {
      const items = (lists[listed++] ?? []) as unknown as T[]
      return { items: items.map(transform), resourceVersion: '1' }
    },
    watch: async (_: unknown, { signal }: WatchOptions) => {
      if (listed < lists.length) throw new ApiError(410, { reason: 'Expired' }, 'watch of pods')
      return untilAborted(signal)
    },
  } as ListWatchDeps['client']
}

async function* untilAborted(signal: AbortSignal): AsyncGenerator<Uint8Array> {
  await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
}

async function follow(max: number, ...lists: Pod[][]): Promise<PodIdentities> {
  const clock = new FakeClock()
  const deps = { client: client(...lists), clock, log: silentLogger, random: () => 1 }
  const pods = new PodIdentities(deps, createMetrics(), { max })
  await pods.start()
  for (const _ of lists) await clock.advance(1_000)
  await pods.stop()
  return pods
}

test('those that went meanwhile are forgotten, and their addresses belong to those that have them now', async () => {
  const pods = await follow(
    100,
    [pod('a', '10.0.0.1', '2026-01-09T00:00:00Z'), pod('b', '10.0.0.2')],
    [pod('b', '10.0.0.3'), pod('c', '10.0.0.1')],
  )
  expect(['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((address) => pods.find(address)?.pod)).toEqual([
    'c',
    undefined,
    'b',
  ])
})

test('with more pods than are kept some stay nameless, and nothing else happens', async () => {
  const pods = await follow(1, [pod('a', '10.0.0.1'), pod('b', '10.0.0.2')])
  expect([pods.find('10.0.0.1')?.pod, pods.find('10.0.0.2')?.pod]).toEqual(['a', undefined])
})
