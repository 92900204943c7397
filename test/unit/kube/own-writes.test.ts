import { expect, test } from '@jest/globals'
import type { Service } from '../../../src/api/objects.ts'
import { OWN_WRITE_TRUST_MS, OWN_WRITES_MAX } from '../../../src/kube/limits.ts'
import { OwnWrites } from '../../../src/kube/own-writes.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const REF = { namespace: 'demo', name: 'web' }

function version(resourceVersion: string, uid = 'u1', name = 'web'): Service {
  return { metadata: { namespace: 'demo', name, uid, resourceVersion } }
}

function setUp() {
  const clock = new FakeClock()
  return { clock, own: new OwnWrites<Service>(clock) }
}

test('a write is seen before the watch shows it, and forgotten after', () => {
  const { own } = setUp()
  own.wrote(version('9'))
  expect(own.latest(REF, version('8'))).toEqual(version('9'))
  expect(own.latest(REF, version('10'))).toEqual(version('10'))
  expect([...own.pending()]).toEqual([])
})

test('of two answers that arrive in the wrong order the newer one stays', () => {
  const { own } = setUp()
  own.wrote(version('10'))
  own.wrote(version('9'))
  expect(own.latest(REF, undefined)).toEqual(version('10'))
})

test('a deletion hides the object until the watch shows it gone, or another in its place', () => {
  const { own } = setUp()
  own.deleted(version('9'))
  expect(own.latest(REF, version('9'))).toBeUndefined()
  expect(own.latest(REF, version('12', 'u2'))).toEqual(version('12', 'u2'))
})

test('the end of an object ends what was written to it', () => {
  const { own } = setUp()
  own.wrote(version('9'))
  own.sawDeletion(version('11', 'another'))
  expect(own.latest(REF, undefined)).toEqual(version('9'))
  own.sawDeletion(version('11'))
  expect(own.latest(REF, undefined)).toBeUndefined()
})

test('a write that the watch never shows is not believed for ever', async () => {
  const { own, clock } = setUp()
  own.wrote(version('9'))
  await clock.advance(OWN_WRITE_TRUST_MS + 1)
  expect(own.latest(REF, undefined)).toBeUndefined()
})

test('versions that are no numbers give way to the watch', () => {
  const { own } = setUp()
  own.wrote(version('b'))
  expect(own.latest(REF, version('a'))).toEqual(version('a'))
})

test('no more writes are remembered than the bound', () => {
  const { own } = setUp()
  for (let index = 0; index <= OWN_WRITES_MAX; index++) own.wrote(version('1', `u${index}`, `s${index}`))
  expect([...own.pending()].length).toBe(OWN_WRITES_MAX)
})
