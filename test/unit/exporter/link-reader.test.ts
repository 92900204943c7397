/** What a Link may say beyond its schema, and what becomes of one that says nonsense. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { parse } from 'yaml'
import type { LinkResource } from '../../../src/api/link.ts'
import { LINK_MAX_CA, LINK_MAX_ENDPOINTS, LINK_SECONDS } from '../../../src/exporter/limits.ts'
import { linkProblem, readLink } from '../../../src/exporter/link-reader.ts'
import { linkStatus } from '../../../src/exporter/link-status.ts'
import { linksOf } from '../../../src/exporter/route-snapshot-builder.ts'
import { ROOT } from '../../support/source-tree.ts'

const ENDPOINTS = [{ host: 'east.example', port: 443, transport: 'wss' as const }]

function link(spec: object): LinkResource {
  return { metadata: { name: 'east' }, spec: { endpoints: ENDPOINTS, ...spec } } as LinkResource
}

test('a Link that says nothing more has the defaults', () => {
  expect(readLink(link({}))).toEqual({ name: 'east', endpoints: ENDPOINTS, cost: 1 })
})

test('times become milliseconds and quantities bytes', () => {
  const settings = { keepAliveSeconds: 15, dialTimeoutSeconds: 20, maxWindow: '4Mi' }
  expect(readLink(link({ settings })).settings).toEqual({
    keepAliveMs: 15_000,
    dialTimeoutMs: 20_000,
    maxWindowBytes: 4 * 1024 * 1024,
  })
  expect(readLink(link({ settings: { maxWindow: 100_000 } })).settings).toEqual({ maxWindowBytes: 100_000 })
})

test.each([
  ['spec.settings.keepAliveSeconds', { settings: { keepAliveSeconds: 0 } }],
  ['spec.settings.dialTimeoutSeconds', { settings: { dialTimeoutSeconds: 61 } }],
  ['spec.settings.maxWindow', { settings: { maxWindow: '1Ki' } }],
  ['spec.settings.maxWindow', { settings: { maxWindow: '65Mi' } }],
  ['spec.webSocket.ca', { webSocket: { ca: 'no certificate' } }],
  [
    'spec.webSocket.ca holds a certificate that cannot be read',
    { webSocket: { ca: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' } },
  ],
  ['spec.webSocket.path', { webSocket: { path: 'amqp' } }],
  ['spec.webSocket.path', { webSocket: { path: '/a b' } }],
  ['spec.httpProxy.port', { httpProxy: { host: 'proxy', port: 0 } }],
  ['spec.httpProxy.host', { httpProxy: { host: 'http://proxy', port: 3128 } }],
  ['spec.httpProxy.credentials.key', { httpProxy: { host: 'p', port: 1, credentials: { name: 'a' } } }],
])('a fault in %s is one condition, and the Link is not dialled', (where, spec) => {
  const wrong = link(spec)
  expect(linkProblem(wrong)).toContain(where)
  expect(linksOf([wrong, { ...link({}), metadata: { name: 'good' } }]).map(({ name }) => name)).toEqual([
    'good',
  ])
  const [configured] = linkStatus(wrong, undefined, 0).conditions ?? []
  expect(configured).toMatchObject({ type: 'Configured', status: 'False', reason: 'Invalid' })
  expect(configured?.message).toContain(where)
})

test('the schema states the same bounds', () => {
  const crd = parse(readFileSync(join(ROOT, 'manifests/base/crds/links.yaml'), 'utf8'))
  const { properties } = crd.spec.versions[0].schema.openAPIV3Schema.properties.spec
  const { settings, webSocket, endpoints } = properties
  const bounds = (name: string) => {
    const { minimum: min, maximum: max } = settings.properties[name]
    return { min, max }
  }
  for (const [name, expected] of Object.entries(LINK_SECONDS)) expect(bounds(name)).toEqual(expected)
  expect(webSocket.properties.ca.maxLength).toBe(LINK_MAX_CA)
  expect(endpoints.maxItems).toBe(LINK_MAX_ENDPOINTS)
})
