import { expect, test } from '@jest/globals'
import {
  exportStatus,
  importStatus,
  linkStatus,
  policyStatus,
  processStatus,
} from '../../../src/cli/status/cluster-status.ts'

const condition = (type: string, status: 'True' | 'False', message: string) => ({
  type,
  status,
  message,
  reason: 'Reason',
  lastTransitionTime: '2026-01-01T00:00:00Z',
})

test('an export shows the first thing that is wrong with it', () => {
  const metadata = { namespace: 'demo', name: 'hello' }
  const conditions = [
    condition('Valid', 'True', ''),
    condition('Ready', 'False', 'not yet'),
    condition('Conflict', 'True', 'ports differ'),
  ]
  expect(exportStatus({ metadata, status: { conditions } })).toEqual({
    namespace: 'demo',
    name: 'hello',
    valid: 'True',
    ready: 'False',
    conflict: 'True',
    message: 'ports differ',
  })
  expect(exportStatus({ metadata })).toMatchObject({ valid: 'Unknown', message: '' })
})

test('an import shows its ports as port and protocol, with names', () => {
  const found = importStatus({
    metadata: { namespace: 'demo', name: 'hello' },
    spec: {
      type: 'ClusterSetIP',
      ips: ['10.96.1.1'],
      ports: [
        { name: 'http', port: 80 },
        { port: 53, protocol: 'UDP' },
      ],
    },
    status: { clusters: [{ cluster: 'east' }, { cluster: 'west' }] },
  })
  expect(found.ports).toEqual(['http:80/TCP', '53/UDP'])
  expect(found.clusters).toEqual(['east', 'west'])
})

test('a link that no router spoke of is unknown, not down', () => {
  const spec = { endpoints: [{ host: 'east', port: 5671 }] }
  expect(linkStatus({ metadata: { name: 'east' }, spec })).toMatchObject({ ready: 'Unknown' })
  const status = { remoteCluster: 'east', conditions: [condition('Ready', 'True', '')] }
  expect(linkStatus({ metadata: { name: 'east' }, spec, status })).toEqual({
    name: 'east',
    remoteCluster: 'east',
    ready: 'True',
    message: '',
  })
})

test('a Deployment without status has nothing ready', () => {
  expect(processStatus({ metadata: { name: 'fairlead-dns' }, spec: { replicas: 2 } })).toEqual({
    name: 'fairlead-dns',
    ready: 0,
    wanted: 2,
  })
})

test('a policy shows whom it refused, or else why it is not accepted', () => {
  const metadata = { namespace: 'demo', name: 'hello' }
  const refusals = [
    { cluster: 'north', count: 2, reason: 'NotAllowed', lastTime: '2026-01-01T00:00:00Z' },
    { cluster: 'west', count: 1, reason: 'Connections', lastTime: '2026-01-01T00:00:00Z' },
  ]
  const told = { exports: ['hello'], denied: 3, refusals }
  const accepted = [condition('Accepted', 'True', '')]
  expect(policyStatus({ metadata, status: { ...told, conditions: accepted } })).toEqual({
    namespace: 'demo',
    name: 'hello',
    accepted: 'True',
    exports: ['hello'],
    denied: 3,
    message: 'refused 2 of north (NotAllowed), 1 of west (Connections)',
  })
  const invalid = [condition('Accepted', 'False', 'spec.allow is no list')]
  expect(policyStatus({ metadata, status: { ...told, conditions: invalid } })).toMatchObject({
    accepted: 'False',
    message: 'spec.allow is no list',
  })
  expect(policyStatus({ metadata, status: { conditions: accepted } }).message).toBe('')
  expect(policyStatus({ metadata })).toMatchObject({ accepted: 'Unknown', denied: 0, exports: [] })
})
