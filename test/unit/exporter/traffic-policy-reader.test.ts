/** What a TrafficPolicy says, and what of it is refused. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { parse } from 'yaml'
import type { TrafficPolicy } from '../../../src/api/traffic-policy.ts'
import { DEFAULT_TRAFFIC } from '../../../src/api/traffic-settings.ts'
import { formatDuration } from '../../../src/core/duration.ts'
import { POLICY_DURATIONS } from '../../../src/exporter/limits.ts'
import { InvalidSpecError } from '../../../src/exporter/spec-fields.ts'
import { readTrafficPolicy } from '../../../src/exporter/traffic-policy-reader.ts'
import { ROOT } from '../../support/source-tree.ts'

const TARGETS = [{ name: 'web' }]

const read = (spec: unknown) => readTrafficPolicy({ metadata: {}, spec } as TrafficPolicy)
const settings = (spec: object) => read({ targets: TARGETS, ...spec }).settings

describe('settings', () => {
  test('are the defaults where the policy says nothing', () => {
    expect(settings({})).toEqual(DEFAULT_TRAFFIC)
  })

  test('are what the policy says, in milliseconds', () => {
    const found = settings({
      locality: 'Failover',
      failover: ['east', 'west'],
      weights: { east: 3, west: 0 },
      connectTimeout: '500ms',
      retries: 0,
      ejection: { consecutiveFailures: 5, baseTime: '1s', maxTime: '1m30s' },
      proxyProtocol: 'V2',
      idleTimeout: '1h',
      resumeGrace: '0s',
      udpIdleTimeout: '10s',
    })
    expect(found).toEqual({
      locality: 'Failover',
      failover: ['east', 'west'],
      weights: new Map([
        ['east', 3],
        ['west', 0],
      ]),
      connectMs: 500,
      retries: 0,
      ejection: { consecutiveFailures: 5, baseMs: 1_000, maxMs: 90_000 },
      proxyProtocol: 'V2',
      idleMs: 3_600_000,
      resumeGraceMs: 0,
      udpIdleMs: 10_000,
    })
  })

  test.each([
    [{ baseTime: '2m' }, 120_000, 120_000],
    [{ maxTime: '1s' }, 1_000, 1_000],
    [{ consecutiveFailures: 0 }, 5_000, 60_000],
  ])('ejection %j: one time moves the default of the other', (ejection, baseMs, maxMs) => {
    expect(settings({ ejection }).ejection).toMatchObject({ baseMs, maxMs })
  })

  test('targets are names and labels', () => {
    const { targets } = read({ targets: [...TARGETS, { selector: { matchLabels: { team: 'a' } } }] })
    expect(targets).toEqual([
      { kind: 'name', name: 'web' },
      { kind: 'labels', labels: new Map([['team', 'a']]) },
    ])
  })
})

test.each([
  ['spec is no object', undefined],
  ['spec is no object', []],
  ['spec.targets is no list of 1 to 64 entries', {}],
  ['spec.targets is no list of 1 to 64 entries', { targets: [] }],
  ['spec.targets is no list of 1 to 64 entries', { targets: Array(65).fill({ name: 'web' }) }],
  ['spec.targets[1] needs either name or selector', { targets: [{ name: 'a' }, {}] }],
  [
    'spec.targets[0] needs either name or selector',
    { targets: [{ name: 'a', selector: { matchLabels: {} } }] },
  ],
  ['spec.targets[0].selector.matchLabels is no object', { targets: [{ selector: {} }] }],
  ['spec.targets[0].name is no name of', { targets: [{ name: 'Web' }] }],
  ['spec.targets[0] is no object', { targets: ['web'] }],
  ['spec.locality is none of PreferLocal, Any, RequireLocal, Failover', { locality: 'Near' }],
  ['spec.locality Failover needs the list spec.failover', { locality: 'Failover' }],
  ['spec.failover is no list of 1 to 64 entries', { locality: 'Failover', failover: [] }],
  ['spec.failover names east twice', { failover: ['east', 'west', 'east'] }],
  ['spec.weights.east is no whole number from 0 to 1000', { weights: { east: 1001 } }],
  ['spec.weights.east is no whole number from 0 to 1000', { weights: { east: -1 } }],
  ['spec.weights.east is no whole number from 0 to 1000', { weights: { east: 0.5 } }],
  ['spec.weights: No! is no name of', { weights: { 'No!': 1 } }],
  ['spec.retries is no whole number from 0 to 10', { retries: 11 }],
  ['spec.retries is no whole number from 0 to 10', { retries: '3' }],
  ['spec.connectTimeout: "0s" is not from 1ms to 5m', { connectTimeout: '0s' }],
  ['spec.connectTimeout is no duration such as 30s', { connectTimeout: 3 }],
  ['spec.idleTimeout: "5 minutes" is no duration', { idleTimeout: '5 minutes' }],
  ['spec.resumeGrace: "11m" is not from 0s to 5m', { resumeGrace: '11m' }],
  ['spec.udpIdleTimeout: "999ms" is not from 1s to 1h', { udpIdleTimeout: '999ms' }],
  ['spec.proxyProtocol is none of None, V1, V2', { proxyProtocol: 'v1' }],
  [
    'spec.ejection.baseTime is longer than spec.ejection.maxTime',
    { ejection: { baseTime: '2s', maxTime: '1s' } },
  ],
  ['spec.ejection is no object', { ejection: null }],
])('%s', (message, spec) => {
  const whole =
    spec === undefined || Array.isArray(spec) || 'targets' in spec || Object.keys(spec).length === 0
  const attempt = () => read(whole ? spec : { targets: TARGETS, ...spec })
  expect(attempt).toThrow(InvalidSpecError)
  expect(attempt).toThrow(message)
})

test('whatever is written, a policy is read or refused with a reason', () => {
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom('1s', '0s', 'Any', 'east', 3, { east: 1 }, ['east']))
  const keys = fc.constantFrom(
    ...['targets', 'locality', 'failover', 'weights', 'connectTimeout', 'retries', 'ejection'],
    ...['proxyProtocol', 'idleTimeout', 'resumeGrace', 'udpIdleTimeout'],
  )
  fc.assert(
    fc.property(fc.dictionary(keys, value), fc.boolean(), (fields, targeted) => {
      const attempt = () => read(targeted ? { ...fields, targets: TARGETS } : fields)
      try {
        attempt()
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidSpecError)
        expect((error as Error).message.length).toBeLessThan(400)
      }
    }),
  )
})

test('the CRD states the same bounds of durations', () => {
  const crd = readFileSync(join(ROOT, 'manifests/base/crds/trafficpolicies.yaml'), 'utf8')
  const { properties } = parse(crd).spec.versions[0].schema.openAPIV3Schema.properties.spec
  const fields = { ...properties, ...properties.ejection.properties }
  for (const [name, { min, max }] of Object.entries(POLICY_DURATIONS)) {
    const { message } = fields[name]['x-kubernetes-validations'][0]
    const inHours = max > 3_600_000 ? `${max / 3_600_000}h` : formatDuration(max)
    expect([name, message]).toEqual([
      name,
      min === 0 ? `must be at most ${inHours}` : `must be from ${formatDuration(min)} to ${inHours}`,
    ])
  }
})
