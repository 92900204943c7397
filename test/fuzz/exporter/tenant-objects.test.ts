/**
 * What tenants can write into objects that the API server lets pass: exports, Services, slices, annotations, policies.
 * Whatever stands there becomes a record that every peer takes, or a reason. FAIRLEAD_FUZZ_SECONDS sets how long.
 */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Annotation } from '../../../src/api/names.ts'
import { annotatedSelectors } from '../../../src/exporter/cluster-selectors.ts'
import { evaluateExport } from '../../../src/exporter/export-record.ts'
import { annotatedProtocol } from '../../../src/exporter/proxy-protocol.ts'
import { wantedImport } from '../../../src/exporter/remembered.ts'
import { readServicePolicy } from '../../../src/exporter/service-policy-reader.ts'
import { InvalidSpecError } from '../../../src/exporter/spec-fields.ts'
import { readTrafficPolicy } from '../../../src/exporter/traffic-policy-reader.ts'
import { MessageCodec } from '../../../src/link/message-codec.ts'
import { endpoint, service, serviceExport, slice } from '../../support/exporter-objects.ts'
import { FUZZ_TIMEOUT_MS, fuzzFor } from '../../support/fuzz-budget.ts'

const PROPERTIES = 4
const codec = new MessageCodec()

/** As the API server leaves them: any Unicode, any length within the size of an object. */
const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 80 }), fc.string({ maxLength: 2000 }))
const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,14}[a-z0-9])?$/)
const texts = fc.dictionary(text, text, { maxKeys: 140, noNullPrototype: true })

const ports = fc.array(
  fc.record(
    {
      name,
      protocol: fc.constantFrom('TCP' as const, 'UDP' as const, 'SCTP' as const),
      port: fc.integer({ min: 1, max: 65_535 }),
      // A qualified name, as the API server checks.
      appProtocol: fc.stringMatching(
        /^([a-z]{1,20}\.[a-z]{1,20}\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/,
      ),
    },
    { requiredKeys: ['port'] },
  ),
  { maxLength: 300 },
)

const annotations = fc.dictionary(
  fc.oneof(fc.constantFrom(...Object.values(Annotation)), text),
  fc.oneof(text, fc.json()),
  { maxKeys: 8, noNullPrototype: true },
)

const endpoints = fc.array(
  fc.record({
    address: fc.ipV4(),
    hostname: fc.option(name, { nil: undefined }),
    conditions: fc.record({ ready: fc.boolean(), serving: fc.boolean(), terminating: fc.boolean() }),
  }),
  { maxLength: 200 },
)

test(
  'an export becomes a record that every peer takes, or a reason',
  () => {
    const world = fc.record({
      annotations,
      labels: texts,
      notes: texts,
      ports,
      endpoints,
      headless: fc.boolean(),
      extra: fc.record({
        internalTrafficPolicy: fc.constantFrom('Local', 'Cluster'),
        trafficDistribution: text,
      }),
    })
    fc.assert(
      fc.property(world, (made) => {
        const exported = serviceExport({
          metadata: {
            name: 'web',
            namespace: 'demo',
            creationTimestamp: '2026-01-01T00:00:00Z',
            annotations: made.annotations,
          },
          spec: { exportedLabels: made.labels, exportedAnnotations: made.notes },
        })
        const clusterIP = made.headless ? 'None' : '10.96.1.1'
        const slices = [
          slice(
            made.endpoints.map(({ address, hostname, conditions }) => ({
              ...endpoint(address, conditions),
              ...(hostname === undefined ? {} : { hostname }),
            })),
          ),
        ]
        const owned = service({ clusterIP, ports: made.ports, ...made.extra })
        const evaluation = evaluateExport(exported, owned, slices)
        if (evaluation.state === 'valid')
          expect(codec.checkRecord(evaluation.record)).not.toHaveProperty('reason')
        else expect(evaluation.message.length).toBeLessThan(2000)
      }),
      fuzzFor(PROPERTIES),
    )
  },
  FUZZ_TIMEOUT_MS,
)

test(
  'annotations are read or said to be wrong, in few words',
  () => {
    fc.assert(
      fc.property(fc.oneof(text, fc.json({ maxDepth: 6 })), (value) => {
        const annotated = serviceExport({
          metadata: {
            name: 'web',
            namespace: 'demo',
            annotations: { [Annotation.clusterSelectors]: value, [Annotation.proxyProtocol]: value },
          },
        })
        for (const read of [annotatedSelectors(annotated), annotatedProtocol(annotated)])
          if (read?.kind === 'unknown') expect(read.message.length).toBeLessThan(1000)
      }),
      fuzzFor(PROPERTIES),
    )
  },
  FUZZ_TIMEOUT_MS,
)

test(
  'a TrafficPolicy is read or refused with the field that is wrong',
  () => {
    const number = fc.oneof(fc.integer(), fc.double(), fc.string())
    const spec = fc.record(
      {
        targets: fc.oneof(fc.anything(), fc.array(fc.record({ name: fc.oneof(name, fc.anything()) }))),
        locality: fc.oneof(text, fc.constantFrom('PreferLocal', 'Any', 'Failover')),
        failover: fc.anything(),
        weights: fc.oneof(fc.dictionary(text, number), fc.anything()),
        retries: number,
        connectTimeout: fc.oneof(text, fc.constantFrom('1s', '-1s', '1e9h')),
        idleTimeout: fc.oneof(text, number),
        ejection: fc.anything(),
        proxyProtocol: text,
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.oneof(spec, fc.anything()), (value) => {
        try {
          readTrafficPolicy({ metadata: { name: 'p', namespace: 'demo' }, spec: value as never })
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidSpecError)
        }
      }),
      fuzzFor(PROPERTIES),
    )
  },
  FUZZ_TIMEOUT_MS,
)

test(
  'a ServicePolicy is read, or lets nobody call what it targets',
  () => {
    const names = fc.oneof(fc.anything(), fc.array(fc.oneof(name, text), { maxLength: 4 }))
    const rule = fc.record(
      { clusters: names, namespaces: names, serviceAccounts: names },
      { requiredKeys: [] },
    )
    const number = fc.oneof(fc.integer(), fc.double(), fc.string())
    const spec = fc.record(
      {
        targets: fc.oneof(fc.anything(), fc.array(fc.record({ name: fc.oneof(name, fc.anything()) }))),
        allow: fc.oneof(fc.anything(), fc.array(fc.oneof(rule, fc.anything()), { maxLength: 4 })),
        limits: fc.oneof(fc.anything(), fc.record({ connections: number, bytesPerSecond: number })),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.oneof(spec, fc.anything()), (value) => {
        const metadata = { name: 'p', namespace: 'demo' }
        const { targets, access, invalid } = readServicePolicy({ metadata, spec: value as never })
        expect(targets).not.toEqual([])
        if (invalid !== undefined) expect(access).toEqual({ policy: 'demo/p', rules: [], limits: {} })
        // Nobody is let by a rule that says nothing.
        for (const each of access.rules ?? [])
          expect(Object.keys(each).length + Number(hasAnyCluster(value))).toBeGreaterThan(0)
      }),
      fuzzFor(PROPERTIES),
    )
  },
  FUZZ_TIMEOUT_MS,
)

/** Some rule names all clusters, which is as if it named none. */
function hasAnyCluster(value: unknown): boolean {
  return JSON.stringify(value)?.includes('"*"') === true
}

test(
  'an import that others wrote into is remembered or forgotten, and never more than it says',
  () => {
    const world = fc.record({
      annotations,
      clusters: fc.array(fc.oneof(name, text), { maxLength: 20 }),
      ports,
      type: fc.constantFrom('ClusterSetIP' as const, 'Headless' as const),
      sources: fc.array(fc.oneof(name, text), { maxLength: 5 }),
    })
    fc.assert(
      fc.property(world, (made) => {
        const existing = {
          import: {
            metadata: { name: 'web', namespace: 'demo', annotations: made.annotations },
            spec: { type: made.type, ports: made.ports },
            status: { clusters: made.clusters.map((cluster) => ({ cluster })) },
          },
          slices: made.sources.map((source) => ({
            ...slice([endpoint('10.0.0.1')]),
            metadata: {
              name: 's',
              namespace: 'demo',
              labels: { 'multicluster.kubernetes.io/source-cluster': source },
            },
          })),
        }
        const believed = wantedImport(new Map(), 'demo/web', existing, {
          isBelieved: (cluster) => cluster === 'east',
        })
        expect(believed?.unknown ?? []).toEqual(
          [...made.clusters, ...made.sources].includes('east') ? ['east'] : [],
        )
      }),
      fuzzFor(PROPERTIES),
    )
  },
  FUZZ_TIMEOUT_MS,
)
