/** Which endpoint a client of a Service gets in loopback mode. */
import { expect, test } from '@jest/globals'
import { EndpointChoice } from '../../../../src/lab/loopback/endpoint-choice.ts'
import type { VirtualPort } from '../../../../src/lab/service-proxy/service-table.ts'
import { FakeClock } from '../../../support/fake-clock.ts'

const port = (addresses: string[], affinitySeconds?: number): VirtualPort => ({
  id: 'demo/web/tcp/80',
  family: 'IPv4',
  protocol: 'tcp',
  frontends: [],
  endpoints: addresses.map((address) => ({ address, port: 80 })),
  affinitySeconds,
})

/** Dice that show these faces one after the other. */
function dice(...faces: number[]): () => number {
  return () => faces.shift() ?? 0
}

test('every endpoint has its turn', () => {
  const choice = new EndpointChoice(new FakeClock(), port(['a', 'b', 'c']), dice(0, 0.4, 0.99))
  expect([1, 2, 3].map(() => choice.choose('x')?.address)).toEqual(['a', 'b', 'c'])
})

test('without endpoints there is nothing to choose', () => {
  expect(new EndpointChoice(new FakeClock(), port([])).choose('x')).toBe(undefined)
})

test('with affinity a client keeps its endpoint until it was silent too long, or the endpoint went', async () => {
  const clock = new FakeClock()
  const choice = new EndpointChoice(clock, port(['a', 'b'], 10), dice(0, 0.9, 0.9))
  expect(choice.choose('x')?.address).toBe('a')
  await clock.advance(9_000)
  expect(choice.choose('x')?.address).toBe('a')
  await clock.advance(10_001)
  expect(choice.choose('x')?.address).toBe('b')
  choice.update(port(['a'], 10))
  expect(choice.choose('x')?.address).toBe('a')
})
