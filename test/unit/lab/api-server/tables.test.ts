import { describe, expect, test } from '@jest/globals'
import type { ApiObject } from '../../../../src/lab/api-server/api-object.ts'
import { humanDuration } from '../../../../src/lab/api-server/tables/human-duration.ts'
import { parseJsonPath, readJsonPath } from '../../../../src/lab/api-server/tables/json-path.ts'
import { podStatus } from '../../../../src/lab/api-server/tables/pod-columns.ts'

describe('ages', () => {
  test.each([
    [0, '0s'],
    [119, '119s'],
    [120, '2m'],
    [130, '2m10s'],
    [600, '10m'],
    [3 * 3600, '3h'],
    [3 * 3600 + 120, '3h2m'],
    [10 * 3600, '10h'],
    [50 * 3600, '2d2h'],
    [9 * 86_400, '9d'],
    [800 * 86_400, '2y70d'],
    [10 * 365 * 86_400, '10y'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(humanDuration(seconds * 1000)).toBe(text)
  })
})

describe('a JSON path', () => {
  const object = {
    spec: { ports: [{ port: 1 }, { port: 2 }], 'a.b': 'dotted' },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  }
  test.each([
    ['.spec.ports[0].port', [1]],
    ['.spec.ports[-1].port', [2]],
    ['.spec.ports[*].port', [1, 2]],
    ['.status.conditions[?(@.type=="Ready")].status', ['True']],
    [".status.conditions[?(@.type=='Other')].status", []],
    ['.spec.a\\.b', ['dotted']],
    [".spec['a.b']", ['dotted']],
    ['.none.at.all', []],
  ])('%s reads %j', (path, expected) => {
    expect(readJsonPath(parseJsonPath(path) ?? [], object)).toEqual(expected)
  })

  test('outside what columns may use is not parsed', () => {
    expect(parseJsonPath('.a[?(@.b > 1)]')).toBeUndefined()
  })
})

describe('the status of a pod', () => {
  const pod = (status: object, metadata: object = {}): ApiObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata,
    spec: { containers: [{}], initContainers: [{}] },
    status,
  })
  test.each([
    ['Pending', pod({ phase: 'Pending' })],
    ['Running', pod({ phase: 'Running', containerStatuses: [{ ready: true, state: { running: {} } }] })],
    [
      'CrashLoopBackOff',
      pod({ phase: 'Running', containerStatuses: [{ state: { waiting: { reason: 'CrashLoopBackOff' } } }] }),
    ],
    [
      'Error',
      pod({
        phase: 'Running',
        containerStatuses: [{ state: { terminated: { exitCode: 1, reason: 'Error' } } }],
      }),
    ],
    ['ExitCode:3', pod({ phase: 'Failed', containerStatuses: [{ state: { terminated: { exitCode: 3 } } }] })],
    ['Init:0/1', pod({ phase: 'Pending', initContainerStatuses: [{ state: { running: {} } }] })],
    ['Terminating', pod({ phase: 'Running' }, { deletionTimestamp: '2026-01-01T00:00:00Z' })],
  ])('is %s', (expected, object) => {
    expect(podStatus(object)).toBe(expected)
  })
})
