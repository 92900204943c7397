import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { LISTEN_PORTS, type ServiceKey } from '../../../src/api/names.ts'
import {
  ENDPOINT_PORTS,
  ENDPOINT_PORTS_PER_IMPORT,
  LISTEN_PORTS_PER_IMPORT,
} from '../../../src/exporter/limits.ts'
import { ListenPortLedger } from '../../../src/exporter/listen-port-ledger.ts'
import {
  assignListenPorts,
  type ListenPorts,
  recordedListenPorts,
} from '../../../src/exporter/listen-ports.ts'
import { service } from '../../support/exporter-objects.ts'

const SIZE = LISTEN_PORTS.last - LISTEN_PORTS.first + 1
const anyKeys = fc.uniqueArray(
  fc.integer({ min: 1, max: 30 }).map((port) => `TCP/${port}`),
  { maxLength: 8 },
)

function assign(
  ports: readonly string[],
  recorded = new Map<string, number>(),
  isFree = (_: number) => true,
) {
  return assignListenPorts({ service: 'demo/web', ports, recorded, isFree })
}

test('a recorded router port is kept when other ports come and go', () => {
  const first = assign(['TCP/80'])
  const second = assign(['TCP/1', 'TCP/2', 'TCP/80', 'UDP/80'], new Map(first))
  expect(second.get('TCP/80')).toBe(first.get('TCP/80'))
})

test('the same request is answered the same way', () => {
  expect(assign(['TCP/80', 'TCP/81'])).toEqual(assign(['TCP/80', 'TCP/81']))
})

test('a recorded router port outside of the range, or of another import, is replaced', () => {
  const outside = assign(['TCP/80'], new Map([['TCP/80', 80]])).get('TCP/80')
  expect(outside).toBeGreaterThanOrEqual(LISTEN_PORTS.first)
  const foreign = assign(['TCP/80'], new Map([['TCP/80', 20_001]]), (port) => port !== 20_001).get('TCP/80')
  expect(foreign).not.toBe(20_001)
})

test('one port recorded twice stays with the first', () => {
  const recorded = new Map([
    ['TCP/80', 20_001],
    ['TCP/81', 20_001],
  ])
  const found = assign(['TCP/80', 'TCP/81'], recorded)
  expect(found.get('TCP/80')).toBe(20_001)
  expect(found.get('TCP/81')).not.toBe(20_001)
})

test('the last free router port is found, and after it none', () => {
  const onlyLast = (port: number) => port === LISTEN_PORTS.last
  const found = assign(['TCP/80', 'TCP/81'], new Map(), onlyLast)
  expect([...found.values()]).toEqual([LISTEN_PORTS.last])
})

test('a port that one import gives up is not what the next import gets', () => {
  const ledger = new ListenPortLedger()
  const old = ledger.assign('demo/a', ['TCP/80']).get('TCP/80')
  ledger.release('demo/a')
  expect(ledger.assign('demo/b', ['TCP/80']).get('TCP/80')).not.toBe(old)
})

test('a router port that two imports record is taken from both, and nobody gets it', () => {
  const ledger = new ListenPortLedger([
    ['demo/a', new Map([['TCP/80', 20_001]])],
    ['other/b', new Map(Array.from({ length: 9 }, (_, index) => [`TCP/${index}`, 20_000 + index]))],
  ])
  expect(ledger.assign('demo/a', ['TCP/80']).get('TCP/80')).not.toBe(20_001)
  expect(ledger.assign('other/b', ['TCP/1']).get('TCP/1')).not.toBe(20_001)
  expect(ledger.assign('other/b', ['TCP/2']).get('TCP/2')).toBeDefined()
})

test('one import does not get all router ports, whatever it asks for or records', () => {
  const ports = Array.from({ length: SIZE }, (_, index) => `TCP/${index + 1}`)
  expect(new ListenPortLedger().assign('demo/a', ports).size).toBe(LISTEN_PORTS_PER_IMPORT)
  const claimed = ports.map((_, index) => ({ port: index + 1, targetPort: LISTEN_PORTS.first + index }))
  expect(recordedListenPorts(service({ ports: claimed })).size).toBe(LISTEN_PORTS_PER_IMPORT)
})

test('endpoints of headless imports leave router ports to imports with an address, and to each other', () => {
  const ledger = new ListenPortLedger()
  const endpoints = Array.from({ length: 2_000 }, (_, index) => `east/web-${index}/TCP/80`)
  const counts = Array.from({ length: 7 }, (_, index) => ledger.assign(`demo/h${index}`, endpoints).size)
  expect(counts.slice(0, 5)).toEqual(Array(5).fill(ENDPOINT_PORTS_PER_IMPORT))
  expect(counts.slice(5)).toEqual([ENDPOINT_PORTS - 5 * ENDPOINT_PORTS_PER_IMPORT, 0])
  const claims = [...Array(7).keys()].map(
    (index) => [`demo/h${index}`, ledger.portsOf(`demo/h${index}`)] as const,
  )
  const restarted = new ListenPortLedger(claims)
  expect(restarted.size).toBe(ENDPOINT_PORTS)
  expect(restarted.assign('demo/h0', endpoints)).toEqual(ledger.portsOf('demo/h0'))
  expect(restarted.assign('demo/web', ['TCP/80', 'TCP/81']).size).toBe(2)
  restarted.release('demo/h0')
  expect(restarted.assign('demo/h6', endpoints).size).toBe(ENDPOINT_PORTS_PER_IMPORT)
})

test('a full range leaves what is asked for last without a router port', () => {
  const ledger = new ListenPortLedger()
  const perService = 500
  for (let index = 0; index < SIZE / perService; index++) {
    ledger.assign(
      `demo/s${index}`,
      Array.from({ length: perService }, (_, port) => `TCP/${port + 1}`),
    )
  }
  expect(ledger.size).toBe(SIZE)
  expect(ledger.assign('demo/late', ['TCP/80']).size).toBe(0)
})

describe('whatever imports ask for and give up', () => {
  const step = fc.record({
    service: fc.constantFrom<ServiceKey>('a/a', 'a/b', 'a/c', 'a/d'),
    /** Empty: the import is gone. */
    ports: anyKeys,
  })

  /** Runs the steps; `check` sees what each changed. */
  function run(
    steps: readonly { service: ServiceKey; ports: string[] }[],
    check: (before: ListenPorts, after: ListenPorts) => void = () => {},
  ): { ledger: ListenPortLedger; owned: number[] } {
    const ledger = new ListenPortLedger()
    const held = new Map<ServiceKey, ListenPorts>()
    for (const { service: key, ports } of steps) {
      if (ports.length === 0) ledger.release(key)
      const after: ListenPorts = ports.length === 0 ? new Map() : ledger.assign(key, ports)
      check(held.get(key) ?? new Map(), after)
      held.set(key, after)
    }
    return { ledger, owned: [...held.values()].flatMap((ports) => [...ports.values()]) }
  }

  test('no router port has two owners, and all are in range', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const { ledger, owned } = run(steps)
        expect(new Set(owned).size).toBe(owned.length)
        expect(ledger.size).toBe(owned.length)
        expect(owned.every((port) => port >= LISTEN_PORTS.first && port <= LISTEN_PORTS.last)).toBe(true)
      }),
    )
  })

  test('a port that stays keeps its router port', () => {
    const kept = (before: ListenPorts, after: ListenPorts): void => {
      for (const [port, listenPort] of after) expect(before.get(port) ?? listenPort).toBe(listenPort)
    }
    fc.assert(fc.property(fc.array(step, { maxLength: 30 }), (steps) => void run(steps, kept)))
  })
})

test('only numeric target ports in the range are read back from a Service', () => {
  const found = recordedListenPorts(
    service({
      ports: [
        { name: 'a', port: 80, targetPort: 20_080 },
        { name: 'b', port: 81, targetPort: 'http' },
        { name: 'c', port: 82, targetPort: 8080 },
        { name: 'd', port: 80, protocol: 'UDP', targetPort: 20_081 },
      ],
    }),
  )
  expect([...found]).toEqual([
    ['TCP/80', 20_080],
    ['UDP/80', 20_081],
  ])
})
