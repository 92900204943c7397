/** One object watched by its name, without the right to list. */
import { afterEach, expect, test } from '@jest/globals'
import { Resource } from '../../../src/api/resources.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { silentLogger } from '../../../src/core/log.ts'
import { reflectNamed } from '../../../src/kube/named-object.ts'
import type { Reflected } from '../../../src/kube/reflector.ts'
import type { SecretObject } from '../../../src/trust/secrets.ts'
import { ApiCluster } from '../../support/api-cluster.ts'
import { eventually } from '../../support/eventually.ts'

const REF = { namespace: 'demo', name: 'mine' }

let api: ApiCluster
let store: Reflected<SecretObject>
afterEach(async () => {
  await store.stop()
  await api[Symbol.asyncDispose]()
})

async function watching(): Promise<string[]> {
  api = await ApiCluster.start({ durable: true })
  await api.namespace('demo')
  const asked: string[] = []
  const client = {
    get: (...args: Parameters<typeof api.client.get>) => {
      asked.push('get')
      return api.client.get(...args)
    },
    watch: (...args: Parameters<typeof api.client.watch>) => {
      asked.push(`watch ${args[1].fieldSelector}`)
      return api.client.watch(...args)
    },
  }
  const deps = { client: client as never, clock: systemClock, log: silentLogger }
  store = reflectNamed<SecretObject>(deps, Resource.secret, REF)
  return asked
}

const create = (name: string) =>
  api.client.create<SecretObject>(Resource.secret, { metadata: { namespace: 'demo', name }, data: {} })

test('it is seen to come, change and go, and others are not', async () => {
  const asked = await watching()
  await store.start()
  await store.whenSynced()
  expect(store.list()).toEqual([])
  await create('other')
  await create('mine')
  await eventually(() => store.get(REF) !== undefined)
  await api.client.patch(Resource.secret, REF, 'merge', { data: { key: 'dmFsdWU=' } })
  await eventually(() => store.get(REF)?.data?.['key'] === 'dmFsdWU=')
  expect(store.list()).toHaveLength(1)
  await api.client.delete(Resource.secret, REF)
  await eventually(() => store.get(REF) === undefined)
  expect(new Set(asked)).toEqual(new Set(['get', 'watch metadata.name=mine']))
})

test('one that was there before is there at once, and one that went while nobody watched is gone', async () => {
  await watching()
  await create('mine')
  await store.start()
  await store.whenSynced()
  expect(store.get(REF)).toBeDefined()
  await api.restart()
  await eventually(() => api.client.delete(Resource.secret, REF), { within: 20_000 })
  await eventually(() => store.get(REF) === undefined, { within: 30_000 })
  await create('mine')
  await eventually(() => store.get(REF) !== undefined, { within: 30_000 })
})
