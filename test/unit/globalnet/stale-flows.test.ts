/** Which flows a change leaves without anybody. */
import { expect, test } from '@jest/globals'
import { GlobalKind, type NatInput, planNat } from '../../../src/globalnet/nat-plan.ts'
import { staleFlows } from '../../../src/globalnet/stale-flows.ts'
import { EXAMPLE, global } from '../../support/nat-inputs.ts'

const udp = (...targets: string[]): NatInput => ({
  ...EXAMPLE,
  globals: [global('udp 242.1.0.2 53', GlobalKind.direct, ...targets)],
})
const stale = (before: NatInput, after: NatInput) => staleFlows(planNat(before), planNat(after))
const lost = (address: string) => ({
  kind: 'target',
  address: '242.1.0.2',
  port: 53,
  target: { address, port: 53 },
})

test('a change that takes nothing away leaves none', () => {
  expect(stale(udp('10.0.1.7:53'), udp('10.0.1.7:53', '10.0.1.8:53'))).toEqual([])
  expect(stale(EXAMPLE, EXAMPLE)).toEqual([])
})

test('a UDP target that is gone, be it one of several or the only one', () => {
  expect(stale(udp('10.0.1.7:53', '10.0.1.8:53', '10.0.1.9:53'), udp('10.0.1.8:53', '10.0.1.9:53'))).toEqual([
    lost('10.0.1.7'),
  ])
  expect(stale(udp('10.0.1.7:53'), udp())).toEqual([lost('10.0.1.7')])
})

test('TCP connections with a target that is gone end by themselves', () => {
  const tcp = { ...EXAMPLE, globals: [] }
  expect(stale(EXAMPLE, tcp)).toEqual([])
})

test('everything of a router that is gone, not of one that is only not ready', () => {
  const routers = { ready: ['10.0.0.6'], all: ['10.0.0.6'] }
  expect(stale(EXAMPLE, { ...EXAMPLE, routers: { ...EXAMPLE.routers, ready: [] } })).toEqual([])
  expect(stale(EXAMPLE, { ...EXAMPLE, routers })).toEqual([
    { kind: 'router', range: '242.0.0.0/8', router: '10.0.0.5' },
    { kind: 'router', range: '242.0.0.0/8', router: '10.0.0.7' },
  ])
})

test('what was sent to the range while there was no table', () => {
  const fresh = { ...EXAMPLE, sources: [] }
  expect(staleFlows(undefined, planNat(fresh))).toEqual([{ kind: 'untranslated', range: '242.0.0.0/8' }])
})

test('what came from slots before they stood for their addresses, those of one router together', () => {
  const slot = (first: number, address: string) => ({ router: '10.0.0.5', first, last: first + 63, address })
  const sources = [slot(32_768, '242.1.0.9'), slot(32_896, '242.1.0.7')]
  const with1 = { ...EXAMPLE, sources: sources.slice(0, 1) }
  expect(stale(with1, { ...EXAMPLE, sources })).toEqual([
    { kind: 'sources', router: '10.0.0.5', slots: sources.slice(1) },
  ])
  const renamed = sources.map((source) => ({ ...source, address: '242.1.0.8' }))
  expect(stale({ ...EXAMPLE, sources }, { ...EXAMPLE, sources: renamed })).toEqual([
    { kind: 'sources', router: '10.0.0.5', slots: renamed },
  ])
  expect(stale({ ...EXAMPLE, sources }, with1)).toEqual([])
})
