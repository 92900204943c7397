/** Which policy decides about which service. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { DEFAULT_TRAFFIC } from '../../../src/api/traffic-settings.ts'
import type { KnownService, ReadTarget } from '../../../src/exporter/policy-targets.ts'
import {
  assignTraffic,
  type NamespaceTraffic,
  type PolicyCandidate,
} from '../../../src/exporter/traffic-assignment.ts'

const named = (name: string): ReadTarget => ({ kind: 'name', name })
const labelled = (labels: Record<string, string>): ReadTarget => ({
  kind: 'labels',
  labels: new Map(Object.entries(labels)),
})

/** Its retries tell whose settings they are. */
function policy(name: string, retries: number, targets: ReadTarget[], day = 1): PolicyCandidate {
  const settings = { ...DEFAULT_TRAFFIC, retries }
  return { name, generation: 1, createdAt: `2026-01-0${day}T00:00:00Z`, read: { targets, settings } }
}

const known = (name: string, ...labels: Record<string, string>[]): KnownService => ({ name, labels })

const retries = ({ settings }: NamespaceTraffic) =>
  Object.fromEntries([...settings].map(([service, value]) => [service, value.retries]))

describe('a policy', () => {
  test('holds for the services it names, also for those that are not there yet', () => {
    const found = assignTraffic(
      [policy('p', 1, [named('web'), named('later')])],
      [known('web'), known('other')],
    )
    expect(retries(found)).toEqual({ web: 1, later: 1 })
    expect(found.outcomes.get('p')).toEqual({
      generation: 1,
      kind: 'valid',
      services: ['web'],
      lost: [],
      found: true,
    })
  })

  test('holds for the services with all of its labels, on the export or on the import', () => {
    const services = [
      known('by-export', { team: 'a', tier: 'x' }, {}),
      known('by-import', {}, { team: 'a', tier: 'x' }),
      known('half', { team: 'a' }, { tier: 'x' }),
      known('none'),
    ]
    const found = assignTraffic([policy('p', 1, [labelled({ team: 'a', tier: 'x' })])], services)
    expect(Object.keys(retries(found))).toEqual(['by-export', 'by-import'])
  })

  test('without any label in its selector holds for all', () => {
    const found = assignTraffic([policy('p', 1, [labelled({})])], [known('a', {}), known('b', { team: 'a' })])
    expect(Object.keys(retries(found))).toEqual(['a', 'b'])
  })

  test('that finds nothing says so', () => {
    const found = assignTraffic(
      [policy('p', 1, [named('web'), labelled({ team: 'a' })])],
      [known('other', {})],
    )
    expect(found.outcomes.get('p')).toMatchObject({ found: false, services: [], lost: [] })
  })

  test('is not fooled by names that every object has', () => {
    const found = assignTraffic([policy('p', 1, [labelled({ constructor: 'a' })])], [known('web', {})])
    expect(found.settings.size).toBe(0)
  })

  test('that cannot be used decides about nothing, and takes nothing from others', () => {
    const broken: PolicyCandidate = { ...policy('a', 1, []), read: { invalid: 'spec.retries is wrong' } }
    const found = assignTraffic([broken, policy('b', 2, [named('web')], 2)], [known('web')])
    expect(retries(found)).toEqual({ web: 2 })
    expect(found.outcomes.get('a')).toEqual({
      generation: 1,
      kind: 'invalid',
      message: 'spec.retries is wrong',
    })
    expect(found.outcomes.get('b')).toMatchObject({ lost: [] })
  })
})

describe('two policies for one service', () => {
  test('the older holds, whole, and the younger keeps its other services', () => {
    const young = policy('a', 1, [named('web'), named('db')], 2)
    const found = assignTraffic([young, policy('b', 2, [labelled({})], 1)], [known('web', {})])
    expect(retries(found)).toEqual({ web: 2, db: 1 })
    expect(found.outcomes.get('a')).toMatchObject({
      services: [],
      lost: [{ service: 'web', to: 'b' }],
      found: true,
    })
    expect(found.outcomes.get('b')).toMatchObject({ services: ['web'], lost: [] })
  })

  test('of the same age: the first by name', () => {
    const found = assignTraffic(
      [policy('b', 2, [named('web')]), policy('a', 1, [named('web')])],
      [known('web')],
    )
    expect(retries(found)).toEqual({ web: 1 })
  })

  test('a time that cannot be read is the youngest', () => {
    const timeless = { ...policy('a', 1, [named('web')]), createdAt: '' }
    expect(retries(assignTraffic([timeless, policy('b', 2, [named('web')])], []))).toEqual({ web: 2 })
  })
})

describe('settings', () => {
  const labels = fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('1', '2'))
  const service = fc.constantFrom('s1', 's2', 's3', 's4')
  const target = fc.oneof(service.map(named), labels.map(labelled))
  const policies = fc.uniqueArray(
    fc
      .tuple(
        fc.constantFrom('p1', 'p2', 'p3', 'p4', 'p5'),
        fc.nat(9),
        fc.array(target, { maxLength: 3 }),
        fc.integer({ min: 1, max: 3 }),
      )
      .map((parts) => policy(...parts)),
    { selector: ({ name }) => name },
  )
  const services = fc
    .dictionary(service, fc.array(labels, { maxLength: 2 }))
    .map((found) => Object.entries(found).map(([name, each]) => known(name, ...each)))

  test('are a pure function of the present policies and services: order and history play no part', () => {
    fc.assert(
      fc.property(policies, services, fc.infiniteStream(fc.nat()), (present, there, numbers) => {
        const shuffled = <T>(items: readonly T[]) =>
          items
            .map((item) => [numbers.next().value as number, item] as const)
            .sort(([left], [right]) => left - right)
            .map(([, item]) => item)
        const [once, again] = [
          assignTraffic(present, there),
          assignTraffic(shuffled(present), shuffled(there)),
        ]
        expect(again.settings).toEqual(once.settings)
        expect(again.outcomes).toEqual(once.outcomes)
      }),
    )
  })

  test('of each service are those of exactly one policy that targets it, and no older one does', () => {
    fc.assert(
      fc.property(policies, services, (present, there) => {
        const { settings, outcomes } = assignTraffic(present, there)
        const byAge = present.toSorted((left, right) =>
          `${left.createdAt} ${left.name}` < `${right.createdAt} ${right.name}` ? -1 : 1,
        )
        for (const [name, value] of settings) {
          const first = byAge.find((each) => assignTraffic([each], there).settings.has(name))
          expect(first !== undefined && 'settings' in first.read ? first.read.settings : undefined).toBe(
            value,
          )
        }
        const decided = [...outcomes.values()].flatMap((outcome) =>
          outcome.kind === 'valid' ? outcome.services : [],
        )
        expect(new Set(decided).size).toBe(decided.length)
      }),
    )
  })
})
