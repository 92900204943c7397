/** Inputs of a node's table: one for examples, and arbitrary ones. */
import fc from 'fast-check'
import { parseCidr } from '../../src/core/cidr.ts'
import { GlobalKind, type NatGlobal, type NatInput } from '../../src/globalnet/nat-plan.ts'

export function cidr(text: string) {
  const block = parseCidr(text)
  if (block === undefined) throw new Error(text)
  return block
}

export const NO_INPUT: NatInput = {
  globals: [],
  routers: { ready: [], all: [] },
  localPods: [],
  sources: [],
  ranges: [],
}

export function global(text: string, kind: GlobalKind, ...targets: string[]): NatGlobal {
  const [protocol, address = '', port] = text.split(' ')
  return {
    address,
    protocol: protocol === 'udp' ? 'udp' : 'tcp',
    port: Number(port),
    kind,
    targets: targets.map((target) => {
      const [host = '', number] = target.split(':')
      return { address: host, port: Number(number) }
    }),
  }
}

const routers = ['10.0.0.5', '10.0.0.6']

/** A bit of everything. */
export const EXAMPLE: NatInput = {
  globals: [
    global('tcp 242.1.0.1 80', GlobalKind.routed, '10.0.0.5:20001', '10.0.0.6:20001'),
    global('udp 242.1.0.1 53', GlobalKind.routed, '10.0.0.5:20002', '10.0.0.6:20002'),
    global('tcp 242.1.0.2 80', GlobalKind.direct, '10.0.1.7:8080'),
    global('tcp 242.1.0.3 80', GlobalKind.direct, '10.0.1.7:8080', '10.0.2.8:8080', '10.0.2.9:8081'),
    global('udp 242.1.0.4 80', GlobalKind.direct),
  ],
  routers: { ready: routers, all: [...routers, '10.0.0.7'] },
  localPods: ['10.0.1.7', '10.0.1.8', '10.0.0.5'],
  sources: [
    { router: '10.0.0.5', first: 32_768, last: 32_831, address: '242.1.0.9' },
    { router: '10.0.0.6', first: 32_832, last: 32_895, address: '242.2.0.9' },
  ],
  ranges: [cidr('242.0.0.0/8')],
}

const octet = fc.integer({ min: 0, max: 5 })
const pod = octet.map((last) => `10.0.0.${last}`)
const target = fc.record({ address: pod, port: fc.integer({ min: 8080, max: 8081 }) })

const anyGlobal: fc.Arbitrary<NatGlobal> = fc.record({
  address: octet.map((last) => `242.1.0.${last}`),
  protocol: fc.constantFrom('tcp' as const, 'udp' as const),
  port: fc.integer({ min: 80, max: 81 }),
  kind: fc.constantFrom(GlobalKind.routed, GlobalKind.direct),
  targets: fc.uniqueArray(target, { maxLength: 3, selector: ({ address, port }) => `${address}:${port}` }),
})

const source = fc
  .record({ router: pod, slot: octet, address: octet.map((last) => `242.2.0.${last}`) })
  .map(({ router, slot, address }) => {
    const first = 32_768 + 64 * slot
    return { router, first, last: first + 63, address }
  })

/** Small numbers of everything, so that inputs often share something. */
export const anyInput: fc.Arbitrary<NatInput> = fc.record({
  globals: fc.array(anyGlobal, { maxLength: 6 }),
  routers: fc.record({ ready: fc.array(pod, { maxLength: 3 }), all: fc.array(pod, { maxLength: 4 }) }),
  localPods: fc.array(pod, { maxLength: 4 }),
  sources: fc.uniqueArray(source, { maxLength: 5, selector: ({ router, first }) => `${router} ${first}` }),
  ranges: fc.subarray(['242.0.0.0/8', '242.1.0.0/16', '241.0.0.1/32'].map(cidr)),
})
