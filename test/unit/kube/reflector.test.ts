import { expect, test } from '@jest/globals'
import type { KubeObject } from '../../../src/api/objects.ts'
import { Resource } from '../../../src/api/resources.ts'
import { silentLogger } from '../../../src/core/log.ts'
import { ApiError, UnreachableError } from '../../../src/kube/errors.ts'
import { type ReflectorDeps, reflect } from '../../../src/kube/reflector.ts'
import type { KubeList, ListOptions, WatchOptions } from '../../../src/kube/types.ts'
import { FakeClock } from '../../support/fake-clock.ts'

/** Lists and watches that do what a test says, and remember when they were asked for. */
class ScriptedServer {
  readonly asked: string[] = []
  readonly #clock: FakeClock
  listing: () => KubeList<KubeObject> = () => ({ items: [], resourceVersion: '10' })
  watching: (options: WatchOptions) => AsyncIterable<Uint8Array> = silence

  constructor(clock: FakeClock) {
    this.#clock = clock
  }

  client(): ReflectorDeps['client'] {
    return {
      list: async <T>(_: unknown, { transform = (item) => item }: ListOptions<T> = {}) => {
        this.asked.push(`${this.#clock.monotonic()} list`)
        const { items, resourceVersion } = this.listing() as KubeList<T>
        return { items: items.map(transform), resourceVersion }
      },
      watch: async (_, options) => {
        this.asked.push(`${this.#clock.monotonic()} watch ${options.resourceVersion}`)
        return this.watching(options)
      },
    } as ReflectorDeps['client']
  }
}

async function* silence({ signal }: WatchOptions): AsyncGenerator<Uint8Array> {
  await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
}

function event(type: string, resourceVersion: string, name = 'a'): Uint8Array {
  return Buffer.from(
    `${JSON.stringify({ type, object: { metadata: { name, uid: name, resourceVersion } } })}\n`,
  )
}

function reflectorOf(script: (server: ScriptedServer) => void = () => {}) {
  const clock = new FakeClock()
  const server = new ScriptedServer(clock)
  script(server)
  const deps = { client: server.client(), clock, log: silentLogger, random: () => 1 }
  return { clock, server, store: reflect<KubeObject>(deps, Resource.service) }
}

test('a watch that is silent for 90 s is given up and resumed from the last bookmark, without a list', async () => {
  const { clock, server, store } = reflectorOf((scripted) => {
    scripted.watching = async function* (options) {
      yield event('BOOKMARK', '17')
      yield* silence(options)
    }
  })
  await store.start()
  await clock.advance(90_100)
  await store.stop()
  expect(server.asked).toEqual(['0 list', '0 watch 10', '90100 watch 17'])
  expect(store.list()).toEqual([])
})

test('while the server is away the tries slow down to one in 5 s, and the first comes within 100 ms', async () => {
  const { clock, server, store } = reflectorOf((scripted) => {
    scripted.listing = () => {
      throw new UnreachableError('https://test', new Error('refused'))
    }
  })
  await store.start()
  await clock.advance(20_000)
  await store.stop()
  expect(server.asked).toEqual([0, 100, 1100, 3100, 7100, 12_100, 17_100].map((at) => `${at} list`))
})

test('a server that refuses is asked less and less, down to every 30 s', async () => {
  const { clock, server, store } = reflectorOf((scripted) => {
    scripted.listing = () => {
      throw new ApiError(403, { reason: 'Forbidden' }, 'GET services')
    }
  })
  await store.start()
  await clock.advance(100_000)
  await store.stop()
  expect(server.asked).toHaveLength(9)
  expect(server.asked.at(-1)).toBe('91100 list')
})

test('410 in a watch has everything listed again', async () => {
  const expired = { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } }
  const { clock, server, store } = reflectorOf((scripted) => {
    scripted.watching = async function* (options) {
      scripted.listing = () => ({ items: [], resourceVersion: '20' })
      if (options.resourceVersion === '10') yield Buffer.from(`${JSON.stringify(expired)}\n`)
      yield* silence(options)
    }
  })
  await store.start()
  await clock.advance(200)
  await store.stop()
  expect(server.asked).toEqual(['0 list', '0 watch 10', '100 list', '100 watch 20'])
})

test('a watch that the server ends is opened again from where it was', async () => {
  const { clock, server, store } = reflectorOf((scripted) => {
    let version = 10
    scripted.watching = async function* () {
      version += 1
      yield event('ADDED', String(version))
    }
  })
  await store.start()
  await clock.advance(250)
  await store.stop()
  expect(server.asked).toEqual(['0 list', '0 watch 10', '100 watch 11', '200 watch 12'])
  expect(store.get({ name: 'a' })?.metadata.resourceVersion).toBe('13')
})

test('stop ends a running watch and nothing is asked for afterwards', async () => {
  const { clock, server, store } = reflectorOf()
  await store.start()
  await clock.advance(10)
  await store.stop()
  await clock.advance(1_000_000)
  expect(server.asked).toEqual(['0 list', '0 watch 10'])
  expect(clock.pending).toBe(0)
})

test('managedFields are dropped before an object is kept', async () => {
  const { clock, store } = reflectorOf((scripted) => {
    const metadata = { name: 'a', resourceVersion: '1', managedFields: [{ manager: 'kubectl' }] }
    scripted.listing = () => ({ items: [{ metadata }], resourceVersion: '10' })
  })
  await store.start()
  await clock.advance(0)
  await store.stop()
  expect(store.list()).toEqual([{ metadata: { name: 'a', resourceVersion: '1' } }])
})
