/** Rules of exporting (numbers are those of the MCS checklist in docs). */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { ServiceAccess } from '../../../src/api/access-policy.ts'
import { MAX_IMPORTERS } from '../../../src/api/limits.ts'
import type { EndpointSlice, Service } from '../../../src/api/objects.ts'
import { type ExportEvaluation, evaluateExport } from '../../../src/exporter/export-record.ts'
import { RECORD_MAX_PORTS } from '../../../src/exporter/limits.ts'
import { MessageCodec } from '../../../src/link/message-codec.ts'
import { endpoint, service, serviceExport, slice } from '../../support/exporter-objects.ts'

function recordOf(subject: Service, slices: readonly EndpointSlice[] = [], exported = serviceExport()) {
  const evaluation = evaluateExport(exported, subject, slices)
  if (evaluation.state !== 'valid') throw new Error(`not valid: ${JSON.stringify(evaluation)}`)
  return evaluation.record
}

function reasonOf(evaluation: ExportEvaluation): string {
  return evaluation.state === 'invalid' ? evaluation.reason : evaluation.state
}

describe('what can be exported', () => {
  test('rule 10: an export without a Service is invalid, reason NoService', () => {
    expect(reasonOf(evaluateExport(serviceExport(), undefined, []))).toBe('NoService')
  })

  test('rule 11: an ExternalName Service is invalid, reason InvalidServiceType', () => {
    const external = service({ type: 'ExternalName', externalName: 'example.com' })
    expect(reasonOf(evaluateExport(serviceExport(), external, []))).toBe('InvalidServiceType')
  })

  test.each(['ClusterIP', 'NodePort', 'LoadBalancer'] as const)(
    'rule 12: a %s Service gives a ClusterSetIP',
    (type) => {
      expect(recordOf(service({ type })).type).toBe('ClusterSetIP')
    },
  )

  test('rule 13: cluster IP None gives a headless import', () => {
    expect(recordOf(service({ clusterIP: 'None' })).type).toBe('Headless')
  })

  test('the derived Service of an import cannot be exported again', () => {
    const derived = service({}, { labels: { 'fairlead.dev/derived-from': 'web' } })
    expect(reasonOf(evaluateExport(serviceExport(), derived, []))).toBe('InvalidServiceType')
  })

  test('a Service with more ports than a record may hold is valid but not fit for the directory', () => {
    const ports = Array.from({ length: RECORD_MAX_PORTS + 1 }, (_, index) => ({
      name: `p${index}`,
      port: index + 1,
    }))
    expect(evaluateExport(serviceExport(), service({ ports }), [])).toMatchObject({ state: 'unfit' })
  })

  test('more exported annotations than a record may hold are not fit for the directory', () => {
    const exported = serviceExport({ spec: { exportedAnnotations: { note: 'x'.repeat(5_000) } } })
    expect(evaluateExport(exported, service(), [])).toMatchObject({ state: 'unfit' })
  })

  test.each([
    [{ exportedLabels: { 'not a key': 'x' } }, 'not a key=x'],
    [{ exportedLabels: { team: 'no spaces please' } }, 'team=no spaces please'],
    [{ exportedAnnotations: { '/': '' } }, '/='],
    [{ exportedAnnotations: { 'a..b/c': '' } }, 'a..b/c='],
    [{ exportedLabels: { 'a-/c': '' } }, 'a-/c='],
    [{ exportedLabels: { [`${'a'.repeat(254)}/c`]: '' } }, '/c='],
  ])('metadata that Kubernetes would refuse on every import is not fit: %j', (spec, wrong) => {
    const evaluation = evaluateExport(serviceExport({ spec }), service(), [])
    expect(evaluation).toMatchObject({ state: 'unfit', message: expect.stringContaining(wrong) })
  })

  test('what is too long only when all is taken together is not fit either', () => {
    const ports = Array.from({ length: RECORD_MAX_PORTS }, (_, index) => ({
      name: `p${index}`,
      port: index + 1,
      appProtocol: `${'a'.repeat(250)}/proxy`,
    }))
    const spec = { exportedAnnotations: { note: '\u0001'.repeat(4_000) } }
    const evaluation = evaluateExport(serviceExport({ spec }), service({ ports }), [])
    expect(evaluation).toMatchObject({ state: 'unfit', message: expect.stringContaining('bytes') })
  })

  test('whatever is fit is taken by the peers', () => {
    const codec = new MessageCodec()
    const key = fc.oneof(
      fc.string({ maxLength: 300 }),
      fc.stringMatching(/^([a-z0-9.-]+\/)?[A-Za-z0-9._-]+$/),
    )
    const values = fc.dictionary(key, fc.string({ maxLength: 80, unit: 'binary' }), { maxKeys: 4 })
    const spec = fc.record({ exportedLabels: values, exportedAnnotations: values }, { requiredKeys: [] })
    fc.assert(
      fc.property(spec, (exported) => {
        const evaluation = evaluateExport(serviceExport({ spec: exported }), service(), [])
        if (evaluation.state === 'valid')
          expect(codec.checkRecord(evaluation.record)).toMatchObject({ ok: true })
        else expect(evaluation.state).toBe('unfit')
      }),
    )
  })

  test('labels with a prefix and empty values, and annotations with any text, are fit', () => {
    const spec = {
      exportedLabels: { 'example.com/team': '' },
      exportedAnnotations: { note: 'any text, at all' },
    }
    expect(recordOf(service(), [], serviceExport({ spec }))).toMatchObject(spec)
  })
})

describe('what a record says', () => {
  test('rule 15: ports, affinity and traffic settings come from the Service', () => {
    const subject = service({
      ports: [{ name: 'http', port: 80, appProtocol: 'kubernetes.io/h2c' }],
      sessionAffinity: 'ClientIP',
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } },
      internalTrafficPolicy: 'Local',
      trafficDistribution: 'PreferClose',
    })
    expect(recordOf(subject)).toMatchObject({
      ports: [{ name: 'http', protocol: 'TCP', port: 80, appProtocol: 'kubernetes.io/h2c' }],
      sessionAffinity: 'ClientIP',
      sessionAffinityTimeoutSeconds: 60,
      internalTrafficPolicy: 'Local',
      trafficDistribution: 'PreferClose',
    })
  })

  test('client affinity without a time-out has the default of Kubernetes', () => {
    expect(recordOf(service({ sessionAffinity: 'ClientIP' })).sessionAffinityTimeoutSeconds).toBe(10_800)
  })

  test('rule 16: labels and annotations come from the export only, never from the metadata', () => {
    const exported = serviceExport({
      metadata: { ...serviceExport().metadata, labels: { mine: 'no' } },
      spec: { exportedLabels: { team: 'a' } },
    })
    const found = recordOf(service({}, { labels: { app: 'no' }, annotations: { app: 'no' } }), [], exported)
    expect(found.exportedLabels).toEqual({ team: 'a' })
    expect(found.exportedAnnotations).toBeUndefined()
  })

  test('rule 32: the age of the export is its creation time', () => {
    expect(recordOf(service()).exportedAt).toBe('2026-01-01T00:00:00Z')
  })
})

describe('ready endpoints of a port', () => {
  const ready = (slices: readonly EndpointSlice[], subject = service()) =>
    recordOf(subject, slices).ports.map((each) => each.readyEndpoints)

  test('an endpoint without a ready condition counts as ready', () => {
    expect(ready([slice([endpoint('10.0.0.1'), endpoint('10.0.0.2', { ready: false })])])).toEqual([1])
  })

  test('pods that terminate and still answer count while none is ready', () => {
    const leaving = (address: string) => endpoint(address, { ready: false, serving: true, terminating: true })
    expect(ready([slice([leaving('10.0.0.1'), leaving('10.0.0.2')])])).toEqual([2])
    expect(ready([slice([leaving('10.0.0.1'), endpoint('10.0.0.2')])])).toEqual([1])
  })

  test('endpoints that are not ready count when the Service publishes them', () => {
    const subject = service({ publishNotReadyAddresses: true })
    expect(ready([slice([endpoint('10.0.0.1', { ready: false })])], subject)).toEqual([1])
  })

  test('a pod listed by two slices counts once', () => {
    expect(ready([slice([endpoint('10.0.0.1')]), slice([endpoint('10.0.0.1')], undefined, 'web-2')])).toEqual(
      [1],
    )
  })

  test('only the slices of the first IP family count', () => {
    const six: EndpointSlice = { ...slice([endpoint('fd00::1')]), addressType: 'IPv6' }
    expect(ready([slice([endpoint('10.0.0.1')]), six])).toEqual([1])
  })

  test('each port has its own count, because slices may serve different ports', () => {
    const subject = service({
      ports: [
        { name: 'http', port: 80 },
        { name: 'admin', port: 81 },
      ],
    })
    const slices = [
      slice([endpoint('10.0.0.1'), endpoint('10.0.0.2')]),
      slice([endpoint('10.0.0.3')], [{ name: 'admin', protocol: 'TCP', port: 9000 }], 'web-2'),
    ]
    expect(ready(slices, subject)).toEqual([2, 1])
  })

  test('a port that no slice serves has none', () => {
    expect(ready([slice([endpoint('10.0.0.1')], [{ name: 'other', port: 1 }])])).toEqual([0])
  })
})

describe('who may call', () => {
  const access = (...clusters: string[]) => [{ policy: 'demo/p' as const, rules: [{ clusters }], limits: {} }]

  test('is in the record as the clusters of which somebody may, and not without a policy', () => {
    const of = (policies: ServiceAccess) => {
      const evaluation = evaluateExport(serviceExport(), service(), [], policies)
      return evaluation.state === 'valid' ? evaluation.record.importers : evaluation.state
    }
    expect([of([]), of(access('west', 'north'))]).toEqual([undefined, ['north', 'west']])
  })

  test('is within the bounds that others check, with as many clusters as there may be', () => {
    const clusters = Array.from({ length: MAX_IMPORTERS }, (_, index) => `${'c'.repeat(60)}${index}`)
    const evaluation = evaluateExport(serviceExport(), service(), [], access(...clusters))
    if (evaluation.state !== 'valid') throw new Error(evaluation.message)
    expect(new MessageCodec().checkRecord(evaluation.record)).toMatchObject({ ok: true })
    const wrong = { ...evaluation.record, importers: [...clusters, 'one-more'] }
    expect(new MessageCodec().checkRecord(wrong)).toMatchObject({ ok: false })
  })
})
