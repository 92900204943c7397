import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { ApiObject } from '../../../../src/lab/api-server/api-object.ts'
import { AppendLog, StateError } from '../../../../src/lab/api-server/storage/append-log.ts'
import { ObjectStore } from '../../../../src/lab/api-server/storage/object-store.ts'
import { snapshotAt } from '../../../../src/lab/api-server/storage/snapshot-at.ts'

function object(name: string, value = 0): ApiObject {
  return { apiVersion: 'v1', kind: 'Thing', metadata: { name, namespace: 'n' }, value }
}

const BUCKET = 'g/things'

describe('the store', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fairlead-store-'))
  })

  afterEach(() => rmSync(folder, { recursive: true }))

  const openStore = (options: { eventWindow?: number; compactMinBytes?: number } = {}) =>
    new ObjectStore(new AppendLog(folder), { firstRevision: 0, ...options })
  const contentOf = (store: ObjectStore) => store.bucket(BUCKET).values()

  test('read back holds what was written, at the same revision', () => {
    const actions = fc.array(fc.tuple(fc.nat(5), fc.boolean(), fc.nat(100)), { maxLength: 40 })
    fc.assert(
      fc.property(actions, fc.boolean(), (steps, compacts) => {
        rmSync(join(folder, 'state.jsonl'), { force: true })
        const store = openStore(compacts ? { compactMinBytes: 500 } : {})
        for (const [name, removes, value] of steps) {
          const present = store.bucket(BUCKET).get(`n/o${name}`)
          if (!removes) store.put(BUCKET, `n/o${name}`, object(`o${name}`, value))
          else if (present !== undefined) store.remove(BUCKET, `n/o${name}`, present)
        }
        store.close()
        const again = openStore()
        expect(again.revision).toBe(store.revision)
        expect(contentOf(again)).toEqual(contentOf(store))
        again.close()
      }),
      { numRuns: 40 },
    )
  })

  test('drops a line that a crash cut off, and goes on after it', () => {
    const store = openStore()
    store.put(BUCKET, 'n/a', object('a'))
    store.close()
    appendFileSync(join(folder, 'state.jsonl'), '{"r":2,"b":"g/things","k":"n/b","o":{"api')
    const second = openStore()
    expect(contentOf(second).map(({ metadata }) => metadata.name)).toEqual(['a'])
    second.put(BUCKET, 'n/c', object('c'))
    second.close()
    expect(contentOf(openStore()).map(({ metadata }) => metadata.name)).toEqual(['a', 'c'])
  })

  test('refuses a file that is damaged in its middle', () => {
    const store = openStore()
    store.put(BUCKET, 'n/a', object('a'))
    store.close()
    const path = join(folder, 'state.jsonl')
    writeFileSync(path, readFileSync(path, 'utf8').replace('"r":1', '"r":'))
    expect(() => openStore()).toThrow(StateError)
  })

  test('forgets changes from before it was rewritten', () => {
    const store = openStore({ compactMinBytes: 400 })
    for (let value = 0; value < 50; value += 1) store.put(BUCKET, 'n/a', object('a', value))
    store.close()
    const again = openStore()
    expect(again.bucket(BUCKET).window.since(1)).toBeUndefined()
    expect(again.bucket(BUCKET).window.since(again.revision)).toEqual([])
  })

  test('knows earlier states as long as their changes are kept', () => {
    const actions = fc.array(fc.tuple(fc.nat(4), fc.boolean()), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(actions, (steps) => {
        const store = new ObjectStore(undefined, { firstRevision: 0 })
        const states = [contentOf(store)]
        for (const [name, removes] of steps) {
          const present = store.bucket(BUCKET).get(`n/o${name}`)
          if (removes && present !== undefined) store.remove(BUCKET, `n/o${name}`, present)
          else store.put(BUCKET, `n/o${name}`, object(`o${name}`))
          states.push(contentOf(store))
        }
        for (const [revision, state] of states.entries()) {
          expect(snapshotAt(store.bucket(BUCKET), revision)).toEqual(state)
        }
      }),
    )
  })

  test('keeps only as many changes as its window holds', () => {
    const store = new ObjectStore(undefined, { firstRevision: 0, eventWindow: 8 })
    for (let value = 0; value < 100; value += 1) store.put(BUCKET, 'n/a', object('a', value))
    expect(store.bucket(BUCKET).window.since(50)).toBeUndefined()
    expect(
      store
        .bucket(BUCKET)
        .window.since(95)
        ?.map(({ revision }) => revision),
    ).toEqual([96, 97, 98, 99, 100])
  })
})
