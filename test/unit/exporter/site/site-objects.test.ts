import { expect, test } from '@jest/globals'
import { SiteObjectReader } from '../../../../src/exporter/site/site-objects.ts'

const WRITTEN = '2026-01-01T00:00:00.000Z'
const reader = new SiteObjectReader()
const read = (...documents: unknown[]) => reader.read(documents, WRITTEN)

const metadata = { name: 'web', namespace: 'demo' }
const service = { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ port: 80 }] } }
const serviceExport = { apiVersion: 'multicluster.x-k8s.io/v1alpha1', kind: 'ServiceExport', metadata }
const link = {
  apiVersion: 'fairlead.dev/v1alpha1',
  kind: 'Link',
  metadata: { name: 'east' },
  spec: { endpoints: [{ host: 'east', port: 5671 }] },
}

test('objects of several documents and of Lists are read in order; empty documents are none', () => {
  const objects = read(null, service, { apiVersion: 'v1', kind: 'List', items: [serviceExport, link] })
  expect(objects.map(({ kind }) => kind)).toEqual(['Service', 'ServiceExport', 'Link'])
})

test('what an object does not say has a default: its namespace, and its age', () => {
  const [first] = read(link)
  expect(first?.object.metadata).toEqual({ name: 'east', namespace: 'default', creationTimestamp: WRITTEN })
  const creationTimestamp = '2020-01-01T00:00:00Z'
  const [old] = read({ ...serviceExport, metadata: { ...metadata, creationTimestamp } })
  expect(old?.object.metadata.creationTimestamp).toBe(creationTimestamp)
})

test.each([
  ['text', 'object 1: no apiVersion no kind is nothing a site reads'],
  [{ ...service, kind: 'Pod' }, 'object 1: v1 Pod is nothing a site reads; it reads Service, EndpointSlice,'],
  [{ ...service, apiVersion: 'apps/v1' }, 'object 1: apps/v1 Service is nothing a site reads'],
  [{ ...service, metadata: undefined }, "Service: the value must have required property 'metadata'"],
  [{ ...service, metadata: { name: 'A' } }, 'Service: /metadata/name must match pattern'],
  [{ ...service, spec: { ports: [{ port: 0 }] } }, 'Service: /spec/ports/0/port must be >= 1'],
  [
    { ...service, spec: { ...service.spec, selector: { a: 'b' } } },
    'Service: /spec/selector boolean schema is false',
  ],
  [
    { ...link, spec: { endpoints: [{ host: 'h', port: 0 }] } },
    'Link east: spec.endpoints[0].port is no whole number',
  ],
  [{ ...link, kind: 'TrafficPolicy', spec: { targets: [] } }, 'TrafficPolicy east: spec.targets'],
])('%j is refused, saying which object and where', (document, message) => {
  expect(() => read(document)).toThrow(message)
})
