import { expect, test } from '@jest/globals'
import type { LinkResource } from '../../../src/api/link.ts'
import { linkDetails, linkSummary, linkTable } from '../../../src/cli/link/link-summary.ts'
import { formatTable } from '../../../src/cli/output.ts'

const condition = (type: string, status: 'True' | 'False', message = '') => ({
  type,
  status,
  reason: 'Reason',
  message,
  lastTransitionTime: '2026-01-01T00:00:00Z',
})

const east: LinkResource = {
  metadata: { name: 'east', namespace: 'fairlead-system' },
  spec: {
    endpoints: [
      { host: 'fd00::1', port: 5671 },
      { host: 'east.example', port: 443, transport: 'wss' },
    ],
    cost: 5,
    httpProxy: { host: 'proxy', port: 3128, credentials: { name: 'secret', key: 'login' } },
  },
  status: {
    remoteCluster: 'east',
    since: '2026-01-02T00:00:00Z',
    conditions: [condition('Configured', 'True'), condition('Ready', 'False', 'no answer')],
  },
}
const fresh: LinkResource = { metadata: { name: 'new' }, spec: { endpoints: [{ host: 'h', port: 1 }] } }

test('a link is listed in one row, also before a router spoke of it', () => {
  expect(formatTable(linkTable([east, fresh].map(linkSummary)))).toBe(`\
NAME   REMOTE   ENDPOINTS                               COST   READY     MESSAGE
east   east     [fd00::1]:5671,wss://east.example:443   5      False     no answer
new             h:1                                     1      Unknown   no router has reported yet
`)
})

test('a link is shown with all that is known of it, and without its secrets', () => {
  const text = formatTable(linkDetails(linkSummary(east)))
  expect(text).toMatch(/^Remote cluster +east$/m)
  expect(text).toMatch(/^ +wss:\/\/east\.example:443$/m)
  expect(text).toMatch(/^HTTP proxy +proxy:3128$/m)
  expect(text).toMatch(/^Ready +False {3}no answer$/m)
  expect(text).not.toContain('secret')
  expect(formatTable(linkDetails(linkSummary(fresh)))).toMatch(/^Remote cluster +<none yet>$/m)
})
