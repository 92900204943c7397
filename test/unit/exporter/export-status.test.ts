import { describe, expect, test } from '@jest/globals'
import type { Condition } from '../../../src/api/objects.ts'
import { type ExportSituation, exportConditions, exportNotices } from '../../../src/exporter/export-status.ts'
import { record, serviceExport } from '../../support/exporter-objects.ts'

const NOW = Date.UTC(2026, 5, 1)
const VALID: ExportSituation = {
  evaluation: { state: 'valid', record: record() },
  published: true,
  conflicts: [],
  cluster: 'east',
  exporters: 1,
  without: [],
}
const CONFLICT = [{ reason: 'PortConflict', field: 'ports', winner: 'east', losers: ['west'] }]

function conditions(situation: Partial<ExportSituation>, previous: Condition[] = [], now = NOW): Condition[] {
  const subject = serviceExport({ status: { conditions: previous } })
  return exportConditions(subject, { ...VALID, ...situation }, now)
}

const summary = (found: readonly Condition[]) =>
  found.map(({ type, status, reason }) => `${type}=${status} ${reason}`)

describe('conditions of an export', () => {
  test('a published export is valid, exported and without conflicts', () => {
    expect(summary(conditions({}))).toEqual([
      'Valid=True Valid',
      'Ready=True Exported',
      'Conflict=False NoConflicts',
    ])
  })

  test('clusters without its namespace are named, while there are any, and change nothing else', () => {
    const found = conditions({ without: ['north', 'south'] })
    expect(summary(found)).toEqual([
      'Valid=True Valid',
      'Ready=True Exported',
      'Conflict=False NoConflicts',
      'fairlead.dev/Imported=False NamespaceMissing',
    ])
    expect(found[3]?.message).toBe('there is no namespace demo in: north, south')
    expect(exportNotices(conditions({}), found)).toEqual([])
  })

  test('an export that no router has taken is Pending', () => {
    expect(summary(conditions({ published: false }))[1]).toBe('Ready=False Pending')
  })

  test('a restart that forgets what was published does not take Exported back', () => {
    expect(conditions({ published: false }, conditions({}), NOW + 60_000)).toEqual(conditions({}))
  })

  test('an invalid export is not ready, and takes no part in conflicts', () => {
    const evaluation = { state: 'invalid', reason: 'NoService', message: 'no Service' } as const
    expect(summary(conditions({ evaluation }, conditions({})))).toEqual([
      'Valid=False NoService',
      'Ready=False Pending',
    ])
  })

  test('an export over a bound is valid and has failed', () => {
    const evaluation = { state: 'unfit', message: 'too many ports' } as const
    expect(summary(conditions({ evaluation }))).toEqual(['Valid=True Valid', 'Ready=False Failed'])
  })

  test('rule 31: a conflict says who wins over whom', () => {
    const [, , conflict] = conditions({ conflicts: CONFLICT, exporters: 2 })
    expect(conflict).toMatchObject({ status: 'True', reason: 'PortConflict' })
    expect(conflict?.message).toContain('of cluster east, wins over west')
  })

  test('the losing side is told so, and told again when it loses about something else', () => {
    const situation = { conflicts: CONFLICT, exporters: 2, cluster: 'west' }
    const lost = conditions(situation)
    expect(summary(lost)[3]).toBe('fairlead.dev/Overruled=True PortConflict')
    expect(lost[3]?.message).toBe(
      'the export of cluster east is older than that of west and decides about ports wherever they differ',
    )
    expect(exportNotices(conditions({}), lost).map(({ reason }) => reason)).toEqual(['Conflict', 'Overruled'])
    expect(conditions({ ...situation, conflicts: undefined }, lost, NOW + 1_000)).toEqual(lost)
    expect(summary(conditions({ ...situation, conflicts: [] }, lost))).toHaveLength(3)
  })

  test('what was said of conflicts stands while an exporting cluster is unknown', () => {
    const before = conditions({ conflicts: CONFLICT, exporters: 2 })
    expect(conditions({ conflicts: undefined }, before, NOW + 1_000)).toEqual(before)
  })

  test('an annotation that cannot be read is told, the export stays, and the condition goes with the mistake', () => {
    const [mistaken, mended] = ['v3', 'v2'].map((value) => {
      const { metadata } = serviceExport()
      const annotations = { 'fairlead.dev/proxy-protocol': value }
      return exportConditions({ metadata: { ...metadata, annotations } }, VALID, NOW)
    })
    expect(summary(mistaken ?? [])).toEqual([
      'Valid=True Valid',
      'Ready=True Exported',
      'Conflict=False NoConflicts',
      'fairlead.dev/Configured=False InvalidProxyProtocol',
    ])
    expect(mistaken?.[3]?.message).toContain('"v3": give v1, v2 or none')
    expect(exportNotices(mended, mistaken ?? []).map(({ reason }) => reason)).toEqual([
      'InvalidProxyProtocol',
    ])
    expect(mended).toEqual(conditions({}))
  })

  test('a headless export that cannot name all its endpoints says how many it names', () => {
    const endpoints = [{ id: 'web-0' }, { id: 'web-1' }]
    const evaluation = { ...VALID.evaluation, record: record({ endpoints }), incomplete: true } as const
    const incomplete = conditions({ evaluation })
    expect(summary(incomplete).at(-1)).toBe('fairlead.dev/Complete=False TooManyEndpoints')
    expect(incomplete.at(-1)?.message).toContain('only the first 2 endpoints')
    expect(exportNotices(conditions({}), incomplete).map(({ reason }) => reason)).toEqual([
      'TooManyEndpoints',
    ])
  })

  test('times move only with the status, and the generation is the one looked at', () => {
    const after = conditions({ conflicts: CONFLICT, exporters: 2 }, conditions({}), NOW + 5_000)
    expect(after.map(({ lastTransitionTime }) => lastTransitionTime)).toEqual([
      '2026-06-01T00:00:00Z',
      '2026-06-01T00:00:00Z',
      '2026-06-01T00:00:05Z',
    ])
    expect(after.every(({ observedGeneration }) => observedGeneration === 1)).toBe(true)
  })
})

describe('events about an export', () => {
  const reasons = (before: Condition[], after: Condition[]) =>
    exportNotices(before, after).map(({ reason }) => reason)

  test('tell of a first export once', () => {
    expect(reasons([], conditions({}))).toEqual(['Exported'])
    expect(reasons(conditions({}), conditions({}))).toEqual([])
  })

  test('tell of a Service that is missing', () => {
    const evaluation = { state: 'invalid', reason: 'NoService', message: 'no Service' } as const
    expect(reasons([], conditions({ evaluation }))).toEqual(['NoService'])
  })

  test('tell of a conflict, and not of its end', () => {
    const conflicting = conditions({ conflicts: CONFLICT, exporters: 2 })
    expect(reasons(conditions({}), conflicting)).toEqual(['Conflict'])
    expect(reasons(conflicting, conditions({}))).toEqual([])
  })
})
