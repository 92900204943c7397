/** Secrets that others write while a controller makes up its mind. */
import { beforeEach, expect, test } from '@jest/globals'
import { systemClock } from '../../../src/core/clock.ts'
import { ObjectStore } from '../../../src/kube/store.ts'
import { newSecret, type SecretClient, type SecretObject } from '../../../src/trust/secrets.ts'
import { SecretBox } from '../../../src/trust/trust-stores.ts'

const REF = { namespace: 'fairlead-system', name: 'fairlead-root' }
const BROUGHT = versioned(newSecret(REF, { 'tls.key': 'brought' }), 7)

let calls: string[]
let store: ObjectStore<SecretObject>
let box: SecretBox

function versioned(secret: SecretObject, version: number): SecretObject {
  return { ...secret, metadata: { ...secret.metadata, uid: 'u', resourceVersion: String(version) } }
}

beforeEach(() => {
  calls = []
  store = new ObjectStore<SecretObject>({}, (error) => {
    throw error
  })
  const client: SecretClient = {
    get: async () => undefined,
    create: async (_, object) => {
      calls.push('create')
      return versioned(object as SecretObject, 8) as never
    },
    update: async (_, object) => {
      calls.push(`update of ${object.metadata.resourceVersion}`)
      return versioned(object as SecretObject, 9) as never
    },
  }
  box = new SecretBox({ client, clock: systemClock }, store, REF)
})

test('what came after the look is not written over: it was not there, so it is created, which the API server refuses', async () => {
  box.look()
  store.put(BROUGHT)
  expect(box.current).toBeUndefined()
  await box.write({ 'tls.key': 'made' })
  expect(calls).toEqual(['create'])
})

test('a write is on the version that was looked at, and the next one on what it came to', async () => {
  store.put(BROUGHT)
  box.look()
  store.put(versioned(BROUGHT, 12))
  await box.write({})
  await box.write({})
  expect(calls).toEqual(['update of 7', 'update of 9'])
})

test('the next look sees what came, and our own write as long as the watch has not shown it', async () => {
  box.look()
  await box.write({ 'tls.key': 'made' })
  box.look()
  expect(box.current?.metadata.resourceVersion).toBe('8')
  store.put(versioned(BROUGHT, 12))
  box.look()
  expect(box.current?.metadata.resourceVersion).toBe('12')
})
