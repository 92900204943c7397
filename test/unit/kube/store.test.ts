import { expect, test } from '@jest/globals'
import type { KubeObject } from '../../../src/api/objects.ts'
import { ObjectStore } from '../../../src/kube/store.ts'
import type { StoreEvent } from '../../../src/kube/types.ts'

interface Thing extends KubeObject {
  colour?: string
}

function thing(
  name: string,
  version: number,
  options: { uid?: string; colour?: string; namespace?: string } = {},
): Thing {
  const { uid = `uid-${name}`, colour, namespace = 'ns' } = options
  return {
    metadata: { name, namespace, uid, resourceVersion: String(version) },
    ...(colour === undefined ? {} : { colour }),
  }
}

function storeOf(things: Thing[] = []) {
  const errors: unknown[] = []
  const store = new ObjectStore<Thing>({ colour: ({ colour }) => (colour ? [colour] : []) }, (error) =>
    errors.push(error),
  )
  if (things.length > 0) store.replace(things)
  const events: string[] = []
  store.subscribe((event: StoreEvent<Thing>) => {
    events.push(`${event.type} ${event.object.metadata.name} ${event.object.metadata.resourceVersion}`)
  })
  return { store, events, errors }
}

test('a new list tells only the differences: what was added, changed and deleted meanwhile', () => {
  const { store, events } = storeOf([thing('same', 1), thing('changed', 2), thing('gone', 3)])
  store.replace([thing('same', 1), thing('changed', 7), thing('new', 8)])
  expect(events).toEqual(['deleted gone 3', 'updated changed 7', 'added new 8'])
})

test('an object that was deleted and made again under the same name is told as deleted and added', () => {
  const { store, events } = storeOf([thing('a', 1)])
  store.replace([thing('a', 9, { uid: 'other' })])
  expect(events).toEqual(['deleted a 1', 'added a 9'])
})

test('an event that was seen before is not told again', () => {
  const { store, events } = storeOf([thing('a', 1)])
  store.put(thing('a', 1))
  store.remove(thing('unknown', 4))
  expect(events).toEqual([])
})

test('indexes follow changes and deletions', () => {
  const { store } = storeOf([thing('a', 1, { colour: 'red' }), thing('b', 2, { colour: 'red' })])
  const names = (colour: string) => store.byIndex('colour', colour).map(({ metadata }) => metadata.name)
  expect(names('red')).toEqual(['a', 'b'])
  store.put(thing('a', 3, { colour: 'blue' }))
  expect([names('red'), names('blue')]).toEqual([['b'], ['a']])
  store.remove(thing('b', 4, { colour: 'red' }))
  expect(names('red')).toEqual([])
  expect(() => store.byIndex('size', '1')).toThrow('no index size')
})

test('a list by namespace holds only that namespace', () => {
  const { store } = storeOf([thing('a', 1), thing('a', 2, { namespace: 'other' })])
  expect(store.list('other')).toEqual([thing('a', 2, { namespace: 'other' })])
  expect(store.list()).toHaveLength(2)
  expect(store.get({ namespace: 'ns', name: 'a' })).toEqual(thing('a', 1))
})

test('a subscriber that throws is reported and the others are still told', () => {
  const { store, errors } = storeOf()
  const told: string[] = []
  store.subscribe(() => {
    throw new Error('broken handler')
  })
  store.subscribe((event) => told.push(event.type))
  store.put(thing('a', 1))
  expect(errors).toEqual([new Error('broken handler')])
  expect(told).toEqual(['added'])
})

test('whenSynced waits for the first complete list, or for its signal', async () => {
  const { store } = storeOf()
  const impatient = store.whenSynced(AbortSignal.abort(new Error('enough')))
  await expect(impatient).rejects.toThrow('enough')
  const waiting = store.whenSynced()
  expect(store.synced).toBe(false)
  store.replace([])
  await waiting
  expect(store.synced).toBe(true)
})
