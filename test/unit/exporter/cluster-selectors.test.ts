import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { annotatedSelectors } from '../../../src/exporter/cluster-selectors.ts'
import { evaluateExport } from '../../../src/exporter/export-record.ts'
import { MessageCodec } from '../../../src/link/message-codec.ts'
import { service, serviceExport } from '../../support/exporter-objects.ts'

const annotated = (value: unknown) => {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const annotations = { 'fairlead.dev/cluster-selectors': text }
  return serviceExport({ metadata: { ...serviceExport().metadata, annotations } })
}
const read = (value: unknown) => annotatedSelectors(annotated(value))

const requirement = (more: object) => [{ matchExpressions: [{ key: 'region', ...more }] }]

const faults: readonly [string, unknown, string][] = [
  ['no JSON', 'region=eu', 'it is no JSON'],
  ['no list', {}, 'selectors is no list of 1 to 16 entries'],
  ['none', [], 'selectors is no list of 1 to 16 entries'],
  ['too many', Array.from({ length: 17 }, () => ({})), 'selectors is no list of 1 to 16 entries'],
  ['too long', ' '.repeat(4_097), 'it is longer than 4096 characters'],
  ['no object', ['eu'], 'selectors[0] is no object'],
  ['a misspelt field', [{ matchlabels: {} }], 'selectors[0].matchlabels is none of matchLabels'],
  ['a number', [{ matchLabels: { region: 1 } }], 'selectors[0].matchLabels.region is no text'],
  ['a bad name', [{ matchLabels: { 'a/b': 'x' } }], 'selectors[0].matchLabels key "a/b" is no name'],
  ['no operator', requirement({}), 'selectors[0].matchExpressions[0].operator is none of In, NotIn'],
  ['In of nothing', requirement({ operator: 'In' }), 'matchExpressions[0].values is no list of 1 to 32'],
  ['Exists with values', requirement({ operator: 'Exists', values: ['x'] }), 'values is no list of 0 to 0'],
]

describe('cluster selectors of an export', () => {
  test('are read as they stand', () => {
    const selectors = [
      { matchLabels: { 'region.example.com': '@SameAsImporter@' } },
      {
        matchExpressions: [
          { key: 'tier', operator: 'NotIn', values: ['iron'] },
          { key: 'x', operator: 'Exists' },
        ],
      },
      {},
    ]
    expect(read(selectors)).toEqual({ kind: 'known', selectors })
  })

  test('are none without the annotation', () => {
    expect(annotatedSelectors(serviceExport())).toBeUndefined()
  })

  test.each(faults)('are refused: %s', (_, value, message) => {
    const found = read(value)
    expect(found).toMatchObject({ kind: 'unknown', message: expect.stringContaining(message) })
  })

  test('go into the record, but of no headless Service', () => {
    const selectors = [{ matchLabels: { region: 'eu' } }]
    const plain = evaluateExport(annotated(selectors), service(), [])
    expect(plain).toMatchObject({ state: 'valid', record: { clusterSelectors: selectors } })
    const headless = evaluateExport(annotated(selectors), service({ clusterIP: 'None' }), [])
    expect(headless.state === 'valid' && headless.record).not.toHaveProperty('clusterSelectors')
  })

  test('that are read can travel, whatever is written', () => {
    const codec = new MessageCodec()
    const name = fc.constantFrom('region', 'a.b', '__proto__', 'constructor', 'X', '')
    const labels = fc.dictionary(name, fc.oneof(fc.string({ maxLength: 130 }), fc.integer()))
    const operators = fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt')
    const values = fc.array(fc.string(), { maxLength: 3 })
    const expression = fc.record({ key: name, operator: operators, values }, { requiredKeys: [] })
    const selector = fc.record(
      { matchLabels: labels, matchExpressions: fc.array(expression, { maxLength: 3 }) },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.array(selector, { maxLength: 4 }), (written) => {
        const evaluation = evaluateExport(annotated(written), service(), [])
        if (evaluation.state !== 'valid') throw new Error(JSON.stringify(evaluation))
        expect(codec.checkRecord(evaluation.record)).toMatchObject({ ok: true })
      }),
    )
  })
})
