/** Who makes room when too many flows wait for a link. */
import { expect, test } from '@jest/globals'
import type { KeptFlow } from '../../../../src/router/resume/flow-keeping.ts'
import { PeerProcess } from '../../../../src/router/resume/peer-process.ts'
import { SuspendedFlows } from '../../../../src/router/resume/suspended-flows.ts'

let made = 0

/** A process of `cluster`, in a container of its own: a cluster may claim as many as it likes. */
function flowOf(cluster: string, heldBytes = 0): KeptFlow {
  made += 1
  const process = new PeerProcess(cluster, `${cluster} ${made}`, 'f'.repeat(32))
  return { graceMs: 30_000, process, heldBytes, giveUp() {}, insist() {} }
}

/** Adds flows one after the other; those that had to make room, in order. */
function evicted(suspended: SuspendedFlows, flows: readonly KeptFlow[]): KeptFlow[] {
  const gone: KeptFlow[] = []
  for (const flow of flows) {
    suspended.add(flow, 0)
    for (let next = suspended.surplus; next !== undefined; next = suspended.surplus) {
      suspended.delete(next)
      gone.push(next)
    }
  }
  return gone
}

test('the cluster with the most waiting flows makes room, its longest waiting first', () => {
  const honest = [flowOf('honest'), flowOf('honest')]
  const many = Array.from({ length: 6 }, () => flowOf('greedy'))
  expect(evicted(new SuspendedFlows(5, 1000), [...honest, ...many])).toEqual(many.slice(0, 3))
})

test('the cluster whose flows hold the most bytes makes room for bytes', () => {
  const honest = Array.from({ length: 5 }, () => flowOf('honest', 10))
  const big = [flowOf('greedy', 500), flowOf('greedy', 460)]
  expect(evicted(new SuspendedFlows(100, 1000), [...honest, ...big])).toEqual([big[0]])
})

test('a cluster alone loses the longest waiting', () => {
  const flows = [flowOf('one'), flowOf('one'), flowOf('one')]
  expect(evicted(new SuspendedFlows(1, 1000), flows)).toEqual(flows.slice(0, 2))
})

test('what has left counts no more', () => {
  const suspended = new SuspendedFlows(3, 1000)
  const resumed = [flowOf('west', 900), flowOf('west', 0), flowOf('west', 0)]
  for (const flow of resumed) suspended.add(flow, 0)
  for (const flow of resumed) suspended.delete(flow)
  const east = [flowOf('east', 900), flowOf('east'), flowOf('south', 0), flowOf('south', 0)]
  expect(evicted(suspended, east)).toEqual([east[0]])
  expect(suspended.size).toBe(3)
})
