import { expect, test } from '@jest/globals'
import { silentLogger } from '../../../src/core/log.ts'
import { ApiError, UnreachableError } from '../../../src/kube/errors.ts'
import { LeaderElector, type Lease, type LeaseDeps } from '../../../src/kube/lease.ts'
import { FakeClock } from '../../support/fake-clock.ts'

/** One Lease with the optimistic locking and the strict times of an API server, in memory. */
class LeaseServer {
  lease: Lease | undefined
  reachable = true
  #version = 0

  client(): LeaseDeps['client'] {
    return {
      get: async <T>() => this.#answer(() => structuredClone(this.lease) as T),
      create: async <T>(_: unknown, object: T) =>
        this.#answer(() => this.#write(object as Lease, undefined) as T),
      update: async <T>(_: unknown, object: T) =>
        this.#answer(() => this.#write(object as Lease, (object as Lease).metadata.resourceVersion) as T),
    }
  }

  #answer<R>(value: () => R): R {
    if (!this.reachable) throw new UnreachableError('https://test', new Error('refused'))
    return value()
  }

  #write(lease: Lease, expected: string | undefined): Lease {
    if (this.lease?.metadata.resourceVersion !== expected)
      throw new ApiError(409, { reason: 'Conflict' }, 'PUT lease')
    expect(lease.spec?.renewTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
    this.lease = { ...lease, metadata: { ...lease.metadata, resourceVersion: String(++this.#version) } }
    return structuredClone(this.lease)
  }
}

function candidate(server: LeaseServer, clock: FakeClock, identity: string) {
  const told: string[] = []
  const elector = new LeaderElector(
    { client: server.client(), clock, log: silentLogger, random: () => 0 },
    {
      namespace: 'ns',
      name: 'lock',
      identity,
      onElected: () => told.push('elected'),
      onLost: () => told.push('lost'),
    },
  )
  return { elector, told }
}

test('the first candidate leads, the second waits until the lease was not renewed for its whole duration', async () => {
  const [server, clock] = [new LeaseServer(), new FakeClock()]
  const first = candidate(server, clock, 'one')
  const second = candidate(server, clock, 'two')
  await first.elector.start()
  await clock.advance(1)
  await second.elector.start()
  await clock.advance(30_000)
  expect([first.elector.isLeader, second.elector.isLeader]).toEqual([true, false])
  expect(second.elector.holder).toBe('one')
  await second.elector.stop()
  await first.elector.stop()
})

test('a dead holder is followed 15 s after its record last changed, whatever times it wrote', async () => {
  const [server, clock] = [new LeaseServer(), new FakeClock()]
  const dead = { holderIdentity: 'dead', leaseDurationSeconds: 15, renewTime: '2099-01-01T00:00:00.000000Z' }
  server.lease = { metadata: { namespace: 'ns', name: 'lock', resourceVersion: '0' }, spec: dead }
  const { elector } = candidate(server, clock, 'one')
  await elector.start()
  await clock.advance(14_500)
  expect(elector.isLeader).toBe(false)
  await clock.advance(3_500)
  expect(elector.isLeader).toBe(true)
  expect(server.lease?.spec).toMatchObject({ holderIdentity: 'one', leaseTransitions: 1 })
  await elector.stop()
})

test('a restarted container of the holding pod leads again at once', async () => {
  const [server, clock] = [new LeaseServer(), new FakeClock()]
  await candidate(server, clock, 'pod').elector.start()
  await clock.advance(100)
  const acquired = server.lease?.spec?.acquireTime
  const again = candidate(server, clock, 'pod')
  await again.elector.start()
  await clock.advance(0)
  expect(again.elector.isLeader).toBe(true)
  expect(server.lease?.spec).toMatchObject({ acquireTime: acquired, leaseTransitions: 0 })
})

test('stop gives the lease up and the next candidate has it within one retry', async () => {
  const [server, clock] = [new LeaseServer(), new FakeClock()]
  const first = candidate(server, clock, 'one')
  const second = candidate(server, clock, 'two')
  await first.elector.start()
  await clock.advance(1)
  await second.elector.start()
  await clock.advance(5_000)
  await first.elector.stop()
  expect(server.lease?.spec?.holderIdentity).toBe('')
  expect(first.told).toEqual(['elected'])
  await clock.advance(2_000)
  expect(second.elector.isLeader).toBe(true)
  await second.elector.stop()
})

test('a leader that cannot renew says so after 10 s, before anybody else may lead', async () => {
  const [server, clock] = [new LeaseServer(), new FakeClock()]
  const { elector, told } = candidate(server, clock, 'one')
  await elector.start()
  await clock.advance(4_000)
  server.reachable = false
  await clock.advance(9_000)
  expect(elector.isLeader).toBe(true)
  await clock.advance(3_000)
  expect(told).toEqual(['elected', 'lost'])
  server.reachable = true
  await clock.advance(2_000)
  expect(told).toEqual(['elected', 'lost', 'elected'])
  await elector.stop()
})

test('a holder whose lease was taken by another steps down', async () => {
  const [server, clock] = [new LeaseServer(), new FakeClock()]
  const { elector, told } = candidate(server, clock, 'one')
  await elector.start()
  await clock.advance(100)
  const stolen = structuredClone(server.lease)
  if (stolen?.spec) stolen.spec.holderIdentity = 'thief'
  server.lease = stolen
  await clock.advance(2_000)
  expect(told).toEqual(['elected', 'lost'])
  await elector.stop()
})
