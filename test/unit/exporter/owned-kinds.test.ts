import { expect, test } from '@jest/globals'
import type { ServiceImport } from '../../../src/api/mcs.ts'
import { importAspect } from '../../../src/exporter/owned-kinds.ts'

const metadata = { name: 'web', namespace: 'demo' }
const spec = { type: 'ClusterSetIP', ports: [] } as const satisfies ServiceImport['spec']

test('what has no labels at all has every one of none', () => {
  const wanted: ServiceImport = {
    metadata: { ...metadata, labels: {}, annotations: {} },
    spec: { ...spec, ports: [] },
  }
  expect(importAspect.matches({ metadata, spec: { ...spec, ports: [] } }, wanted)).toBe(true)
})

test('a label that is missing is to be put there', () => {
  const wanted: ServiceImport = {
    metadata: { ...metadata, labels: { tier: 'web' } },
    spec: { ...spec, ports: [] },
  }
  expect(importAspect.matches({ metadata, spec: { ...spec, ports: [] } }, wanted)).toBe(false)
})
