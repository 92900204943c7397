import { expect, test } from '@jest/globals'
import type { LinkResource } from '../../../src/api/link.ts'
import { linkStatus } from '../../../src/exporter/link-status.ts'

const NOW = Date.UTC(2026, 5, 1)
const LINK: LinkResource = { metadata: { name: 'west', generation: 3 }, spec: { endpoints: [] } }
const UP = {
  kind: 'established',
  endpoint: '1.2.3.4:5671',
  remoteCluster: 'west',
  remoteRouter: 'r1',
  since: NOW - 1_000,
} as const

const summary = (status: ReturnType<typeof linkStatus>) =>
  (status.conditions ?? []).map(({ type, status: is, reason }) => `${type}=${is} ${reason}`)

test('a link that no router has taken up is not configured', () => {
  expect(summary(linkStatus(LINK, undefined, NOW))).toEqual([
    'Configured=False Pending',
    'Established=False Pending',
    'Ready=False NotEstablished',
  ])
})

test('an established link names the cluster at its other end and since when', () => {
  const status = linkStatus(LINK, UP, NOW)
  expect(summary(status)).toEqual([
    'Configured=True Configured',
    'Established=True Established',
    'Ready=True Ready',
  ])
  expect(status).toMatchObject({ remoteCluster: 'west', since: '2026-05-31T23:59:59Z' })
})

test('a lost link says why, and still names the cluster it led to', () => {
  const up = { ...LINK, status: linkStatus(LINK, UP, NOW) }
  const status = linkStatus(up, { kind: 'waiting', lastError: 'connection refused', retryAt: 0 }, NOW + 1_000)
  expect(status.conditions?.[1]).toMatchObject({
    status: 'False',
    reason: 'Failed',
    message: 'connection refused',
  })
  expect(status.remoteCluster).toBe('west')
  expect(status.since).toBeUndefined()
})

test('the error of the last attempt stays in sight during the next', () => {
  const status = linkStatus(LINK, { kind: 'dialling', endpoint: 'x:1', lastError: 'no route' }, NOW)
  expect(status.conditions?.[1]?.message).toBe('no route')
})

test('a status that stays the same keeps its times', () => {
  const first = linkStatus(LINK, UP, NOW)
  expect(linkStatus({ ...LINK, status: first }, UP, NOW + 60_000)).toEqual(first)
})
