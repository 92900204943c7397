/** Pods by address, against a model that is slow and plain. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type AddressedPod, PodTable } from '../../../src/exporter/pod-table.ts'
import { heapInUse } from '../../support/heap.ts'

function pod(uid: string, addresses: string[], startedAt = 1): AddressedPod {
  return { uid, namespace: 'demo', pod: `pod-${uid}`, serviceAccount: 'web', addresses, startedAt }
}

test('a pod is found by each of its addresses, and not by those it no longer has', () => {
  const table = new PodTable()
  table.put(pod('a', ['10.0.0.1', 'fd00::1']))
  expect(table.find('10.0.0.1')).toMatchObject({ namespace: 'demo', pod: 'pod-a', serviceAccount: 'web' })
  expect(table.find('fd00::1')).toMatchObject({ pod: 'pod-a' })
  table.put(pod('a', ['10.0.0.2']))
  expect([table.find('10.0.0.1'), table.find('fd00::1')]).toEqual([undefined, undefined])
  expect(table.find('10.0.0.2')).toMatchObject({ pod: 'pod-a' })
  table.remove('a')
  expect([table.find('10.0.0.2'), table.size]).toEqual([undefined, 0])
})

test('an address that is used again is the newest pod’s, and the older one’s when that goes first', () => {
  const table = new PodTable()
  table.put(pod('new', ['10.0.0.1'], 2))
  table.put(pod('old', ['10.0.0.1'], 1))
  expect(table.find('10.0.0.1')).toMatchObject({ pod: 'pod-new' })
  table.remove('new')
  expect(table.find('10.0.0.1')).toMatchObject({ pod: 'pod-old' })
})

test('a full table keeps what it has, and takes others again when there is room', () => {
  const table = new PodTable(1)
  expect([table.put(pod('a', ['1'])), table.put(pod('b', ['2'])), table.put(pod('a', ['3']))]).toEqual([
    true,
    false,
    true,
  ])
  expect([table.find('2'), table.find('3')]).toMatchObject([undefined, { pod: 'pod-a' }])
  table.remove('a')
  expect(table.put(pod('b', ['2']))).toBe(true)
})

test('whatever comes and goes, each address has its newest pod', () => {
  const uid = fc.constantFrom('a', 'b', 'c', 'd')
  const addresses = fc.array(fc.constantFrom('1', '2', '3'), { maxLength: 3 })
  const put = fc
    .tuple(uid, addresses, fc.nat(3))
    .map((parts) => ({ kind: 'put' as const, pod: pod(...parts) }))
  const remove = uid.map((name) => ({ kind: 'remove' as const, uid: name }))
  fc.assert(
    fc.property(fc.array(fc.oneof(put, remove), { maxLength: 40 }), (steps) => {
      const table = new PodTable()
      const model = new Map<string, AddressedPod>()
      for (const step of steps) {
        if (step.kind === 'put') table.put(step.pod)
        else table.remove(step.uid)
        if (step.kind === 'put') model.set(step.pod.uid, step.pod)
        else model.delete(step.uid)
      }
      expect(table.size).toBe(model.size)
      for (const address of ['1', '2', '3']) {
        const holders = [...model.values()].filter((each) => each.addresses.includes(address))
        const newest = holders.sort((left, right) =>
          left.startedAt === right.startedAt
            ? right.uid.localeCompare(left.uid)
            : right.startedAt - left.startedAt,
        )[0]
        expect(table.find(address)?.pod).toBe(newest?.pod)
      }
    }),
  )
})

test('a pod takes well under a kilobyte', () => {
  const count = 20_000
  const table = new PodTable()
  const before = heapInUse()
  for (let index = 0; index < count; index++) {
    // As JSON.parse makes them: no string is shared.
    const text = JSON.stringify({
      ...pod(`6f1d0a52-4c7e-4f0e-9c0a-${String(index).padStart(12, '0')}`, [
        `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
      ]),
      pod: `checkout-7d9f8b6c5d-${String(index).padStart(5, '0')}`,
      namespace: `team-${index % 50}-production`,
      serviceAccount: `checkout-${index % 50}-service`,
    })
    table.put(JSON.parse(text) as AddressedPod)
  }
  const perPod = (heapInUse() - before) / count
  expect(table.size).toBe(count)
  expect(perPod).toBeLessThan(700)
})
