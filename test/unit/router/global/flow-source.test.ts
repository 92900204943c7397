import { expect, test } from '@jest/globals'
import { FlowSource, type SourcePort } from '../../../../src/router/global/flow-source.ts'
import { PORT_TRIES, SLOT_WAITS } from '../../../../src/router/global/limits.ts'
import { Slot } from '../../../../src/router/global/slot.ts'
import { settle } from '../../../support/fake-clock.ts'

const BACKEND = { address: '10.0.0.1', port: 80 }
const slot = new Slot(0, '242.7.0.1', 'west', 1, 0)
const port = (number: number): SourcePort => ({ kind: 'port', taken: { port: number, slot, user: 'b' } })

/** A source whose answers are given by `answer`; what it came to, and what was given back. */
function world(answer: () => SourcePort) {
  const log: unknown[] = []
  const ports = {
    take: answer,
    give: (taken: { readonly port: number }, rests: boolean) => void log.push(['given', taken.port, rests]),
    refuse: (cause: string, text: string) => `${text} (${cause})`,
  }
  const source = new FlowSource(ports, 'west', '242.7.0.1', 'TCP')
  const acquire = (backend = BACKEND) =>
    source.acquire(backend, {
      connect: (localPort) => void log.push(['connect', localPort]),
      refused: (reason) => void log.push(['refused', reason]),
    })
  return { source, log, acquire }
}

test('a port that is there is given at once, and given back once', () => {
  const { source, log, acquire } = world(() => port(40_000))
  acquire()
  source.release(true)
  source.release(false)
  expect(log).toEqual([
    ['connect', 40_000],
    ['given', 40_000, true],
  ])
})

test('where nobody translates any port will do, and none is given back', () => {
  const { source, log, acquire } = world(() => ({ kind: 'any' }))
  acquire()
  expect(source.isTaken('EADDRINUSE')).toBe(false)
  source.release(false)
  expect(log).toEqual([['connect', undefined]])
})

test('a backend of IPv6 is connected to from any port', () => {
  const { log, acquire } = world(() => port(40_000))
  acquire({ address: 'fd00::1', port: 80 })
  expect(log).toEqual([['connect', undefined]])
})

test('a flow that ends while it waits takes no port', async () => {
  const ready = Promise.withResolvers<void>()
  const { source, log, acquire } = world(() => ({ kind: 'wait', ready: ready.promise }))
  acquire()
  expect(source.waiting).toBe(true)
  source.release(false)
  ready.resolve()
  await settle()
  expect([source.waiting, log]).toEqual([false, []])
})

test('a flow that others are always faster than is refused at last', async () => {
  let asked = 0
  const { log, acquire } = world(() => {
    asked += 1
    return { kind: 'wait', ready: Promise.resolve() }
  })
  acquire()
  await settle()
  expect(asked).toBe(SLOT_WAITS + 1)
  expect(log).toEqual([['refused', 'others take all new source ports for 242.7.0.1 (waits)']])
})

test('ports that the kernel says are in use rest, and after so many the flow gives up', () => {
  let next = 40_000
  const { source, log, acquire } = world(() => port(next++))
  acquire()
  expect(source.isTaken('ECONNREFUSED')).toBe(false)
  let tries = 0
  for (; source.isTaken('EADDRNOTAVAIL'); tries++) {
    source.passOver()
    acquire()
  }
  expect(tries).toBe(PORT_TRIES)
  expect(log.slice(0, 3)).toEqual([
    ['connect', 40_000],
    ['given', 40_000, true],
    ['connect', 40_001],
  ])
})
