import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type ServiceKey, serviceKey } from '../../../../src/api/names.ts'
import type { Directory, ServiceRecord } from '../../../../src/api/service-record.ts'
import { ExporterIndex } from '../../../../src/router/endpoints/exporter-index.ts'
import { echoRecord } from '../../../support/routes.ts'

/** The same record object for the same number, as a directory keeps what did not change. */
const records = [1, 2, 3].map(echoRecord)

/** Which record each cluster has of each service. */
type Plan = Readonly<Record<string, Readonly<Record<string, number>>>>

function directoryOf(plan: Plan): Directory {
  return new Map(
    Object.entries(plan).map(([cluster, services]) => {
      const entries = Object.entries(services).map(([name, number]): [ServiceKey, ServiceRecord] => [
        serviceKey('demo', name),
        records[number] as ServiceRecord,
      ])
      return [cluster, { cluster, epoch: 1, sequence: 1, records: new Map(entries) }]
    }),
  )
}

test('tells who exports a service, and what has changed', () => {
  const index = new ExporterIndex(directoryOf({ east: { a: 0, b: 0 } }))
  expect([...index.exportersOf('demo/a')]).toEqual(['east'])
  const changed = index.follow(directoryOf({ east: { a: 0, b: 1 }, south: { c: 0 } }))
  expect([...changed].sort()).toEqual(['demo/b', 'demo/c'])
  expect([...index.follow(directoryOf({ south: { c: 0 } }))].sort()).toEqual(['demo/a', 'demo/b'])
  expect([...index.exportersOf('demo/a')]).toEqual([])
})

test('after any changes it is as one made of the last directory, and every change was told', () => {
  const number = fc.integer({ min: 0, max: 2 })
  const services = fc.dictionary(fc.constantFrom('a', 'b', 'c'), number)
  const plan = fc.dictionary(fc.constantFrom('east', 'south', 'north'), services)
  fc.assert(
    fc.property(fc.array(plan, { minLength: 1, maxLength: 6 }), (plans) => {
      const index = new ExporterIndex(new Map())
      let last: Plan = {}
      for (const next of plans) {
        const changed = index.follow(directoryOf(next))
        for (const name of ['a', 'b', 'c']) {
          const clusters = Object.keys(next).filter((cluster) => next[cluster]?.[name] !== undefined)
          expect([...index.exportersOf(serviceKey('demo', name))].sort()).toEqual(clusters.sort())
          const differs = ['east', 'south', 'north'].some((one) => last[one]?.[name] !== next[one]?.[name])
          expect(changed.has(serviceKey('demo', name))).toBe(differs)
        }
        last = next
      }
    }),
  )
})
