import { expect, test } from '@jest/globals'
import type { ServiceKey } from '../../../src/api/names.ts'
import type { ClusterFacts, Directory, OriginState, ServiceRecord } from '../../../src/api/service-record.ts'
import { silentLogger } from '../../../src/core/log.ts'
import { Snapshot } from '../../../src/core/snapshot.ts'
import type { OriginConfirmation } from '../../../src/exporter/directory-link.ts'
import { ORIGIN_MAX_RECORDS } from '../../../src/exporter/limits.ts'
import { OriginPublisher } from '../../../src/exporter/origin-publisher.ts'
import { directory, origin, record } from '../../support/exporter-objects.ts'
import { FakeClock } from '../../support/fake-clock.ts'

type Records = ReadonlyMap<ServiceKey, ServiceRecord>

async function setUp(known: Directory = new Map()) {
  const published: OriginState[] = []
  const link = {
    directory: new Snapshot<Directory>(known),
    confirmed: new Snapshot<OriginConfirmation | undefined>(undefined),
    outdone: new Snapshot(0),
    certificate: new Snapshot(0),
    publish: (state: OriginState) => void published.push(state),
  }
  const records = new Snapshot<Records>(new Map())
  const facts = new Snapshot<ClusterFacts>({})
  const publisher = new OriginPublisher(
    { link, records, facts, clock: new FakeClock(1_000), log: silentLogger },
    'east',
  )
  await publisher.start()
  return { published, link, records, facts, publisher }
}

const versions = (states: readonly OriginState[]) =>
  states.map(({ epoch, sequence }) => `${epoch}.${sequence}`)
const one: Records = new Map([['demo/web', record()]])

test('the first state is published at once, even when nothing is exported: empty is not unknown', async () => {
  const { published } = await setUp()
  expect(published).toEqual([{ cluster: 'east', epoch: 1_000, sequence: 1, records: new Map(), facts: {} }])
})

test('each change is a newer version', async () => {
  const { published, records } = await setUp()
  records.set(one)
  records.set(new Map())
  expect(versions(published)).toEqual(['1000.1', '1000.2', '1000.3'])
})

test('other facts are a newer version too', async () => {
  const { published, facts } = await setUp()
  facts.set({ missingNamespaces: ['demo'] })
  expect(versions(published)).toEqual(['1000.1', '1000.2'])
  expect(published[1]?.facts).toEqual({ missingNamespaces: ['demo'] })
})

test('with another certificate the same is published as a newer version, until the publisher stops', async () => {
  const { published, link, records, publisher } = await setUp()
  records.set(one)
  link.certificate.set(1)
  await publisher.stop()
  link.certificate.set(2)
  expect(versions(published)).toEqual(['1000.1', '1000.2', '1000.3'])
  expect(published[2]?.records).toBe(published[1]?.records)
})

test('a term begins after all that the network remembers, whatever the clock says', async () => {
  const { published } = await setUp(directory({ ...origin('east'), epoch: 5_000 }))
  expect(versions(published)).toEqual(['5001.1'])
})

test('when the network turns out to remember a newer state, a newer term begins', async () => {
  const { published, link } = await setUp()
  link.directory.set(directory({ ...origin('east'), epoch: 9_000 }))
  expect(versions(published)).toEqual(['1000.1', '9001.1'])
})

test('when another cluster holds a later term, from before the clock was set back, a later one begins', async () => {
  const { published, link } = await setUp()
  link.outdone.set(900)
  link.outdone.set(5_000)
  link.outdone.set(5_001)
  expect(versions(published)).toEqual(['1000.1', '5001.1'])
})

test('a term that no clock of ours can have told is not believed', async () => {
  const { published, link } = await setUp()
  link.outdone.set(2 ** 50)
  expect(versions(published)).toEqual(['1000.1'])
})

test('its own echo begins no new term', async () => {
  const { published, link } = await setUp()
  link.directory.set(directory({ ...origin('east'), epoch: 1_000, sequence: 1 }))
  expect(published.length).toBe(1)
})

test('records count as published once that version, or a later one, is confirmed', async () => {
  const { link, records, publisher } = await setUp()
  records.set(one)
  link.confirmed.set({ epoch: 1_000, sequence: 1 })
  expect(publisher.published.current().size).toBe(0)
  link.confirmed.set({ epoch: 1_000, sequence: 2 })
  expect([...publisher.published.current().keys()]).toEqual(['demo/web'])
})

test('a confirmation of another term counts for nothing', async () => {
  const { link, records, publisher } = await setUp()
  records.set(one)
  link.confirmed.set({ epoch: 999, sequence: 7 })
  expect(publisher.published.current().size).toBe(0)
})

test('a stopped publisher publishes nothing', async () => {
  const { published, records, publisher } = await setUp()
  await publisher.stop()
  records.set(one)
  expect(published.length).toBe(1)
})

test('over the bound it is the youngest exports that wait, whatever their names', async () => {
  const { published, records } = await setUp()
  const many = Array.from({ length: ORIGIN_MAX_RECORDS }, (_, index): [ServiceKey, ServiceRecord] => [
    `old/s${index}`,
    record(),
  ])
  const young = record({ exportedAt: '2026-02-01T00:00:00Z' })
  records.set(new Map([['a/young', young], ...many]))
  expect(published.at(-1)?.records.size).toBe(ORIGIN_MAX_RECORDS)
  expect(published.at(-1)?.records.has('a/young')).toBe(false)
})
