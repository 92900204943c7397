import { describe, expect, test } from '@jest/globals'
import { type Finding, globalnetFindings, statusFindings } from '../../../src/cli/check/findings.ts'
import {
  egressReport,
  type GlobalnetReport,
  globalnetTables,
  networkReport,
} from '../../../src/cli/globalnet/globalnet-report.ts'
import type { ClusterStatus } from '../../../src/cli/status/cluster-status.ts'

const WELL: ClusterStatus = {
  context: 'east',
  clusterId: 'east',
  clusterset: 'set',
  healthy: true,
  processes: [{ name: 'fairlead-router', ready: 2, wanted: 2 }],
  links: [{ name: 'west', ready: 'True', message: '' }],
  exports: [{ namespace: 'demo', name: 'web', valid: 'True', ready: 'True', conflict: 'False', message: '' }],
  imports: [],
  policies: [],
}

const condition = (type: string, status: 'True' | 'False', message = '') => ({
  type,
  status,
  reason: 'Because',
  message,
})
const BLOCK: GlobalnetReport = {
  network: {
    block: '242.1.0.0/16',
    total: 65_534,
    allocated: 9,
    egressIPs: ['242.1.0.1'],
    conditions: [
      condition('Allocated', 'True', 'block 242.1.0.0/16'),
      condition('Conflict', 'False'),
      condition('Overlap', 'False'),
    ],
  },
  egress: [],
  ingress: [
    {
      namespace: 'demo',
      name: 'web',
      target: 'web',
      addresses: ['242.1.0.7'],
      allocated: 'True',
      message: '',
    },
  ],
}
const AGENTS = [{ name: 'fairlead-agent', ready: 3, wanted: 3 }]

const failed = (findings: readonly Finding[]) =>
  findings.filter(({ ok }) => !ok).map(({ check, message }) => `${check}: ${message}`)

describe('a cluster', () => {
  test('that is well has nothing to say against it', () => {
    expect(failed([...statusFindings(WELL), ...globalnetFindings(BLOCK, AGENTS)])).toEqual([])
  })

  test('says what is wrong with each of its parts', () => {
    const { clusterId: _, ...nobody } = WELL
    const ill: ClusterStatus = {
      ...nobody,
      processes: [{ name: 'fairlead-router', ready: 1, wanted: 2 }],
      links: [{ name: 'west', ready: 'False', message: 'refused' }],
      exports: [
        {
          namespace: 'demo',
          name: 'web',
          valid: 'True',
          ready: 'False',
          conflict: 'False',
          message: 'waits',
        },
      ],
    }
    expect(failed(statusFindings(ill))).toEqual([
      'membership: the cluster has no id: run fairlead join FILE, or fairlead install --cluster-id ID',
      'processes: fairlead-router: 1 of 2 are ready',
      'links: west: refused',
      'exports: demo/web: waits',
    ])
    expect(failed(statusFindings({ ...WELL, processes: [] }))).toEqual([
      'processes: fairlead is not installed: run fairlead install',
    ])
    expect(failed(statusFindings({ ...nobody, namespace: 'team', processes: [] }))).toEqual([
      'membership: the member has no id: run fairlead install --namespace-scoped -n team --cluster-id ID',
      'processes: fairlead is not installed in namespace team: run fairlead install --namespace-scoped -n team --cluster-id ID',
    ])
  })

  test('whose global range overlaps something, or whose block is claimed by another, says so', () => {
    const conditions = [
      condition('Allocated', 'False', 'none of the 2 blocks is free'),
      condition('Conflict', 'True', 'west claims it'),
      condition('Overlap', 'True', 'overlaps 242.0.0.0/9, the pods'),
    ]
    const network = { egressIPs: [], conditions }
    const waits = {
      namespace: 'demo',
      name: 'team',
      addresses: [],
      allocated: 'False' as const,
      message: 'exhausted',
    }
    expect(failed(globalnetFindings({ network, egress: [waits], ingress: [] }, []))).toEqual([
      'globalnet: none of the 2 blocks is free',
      'global block: west claims it',
      'global range: overlaps 242.0.0.0/9, the pods',
      'global addresses: demo/team: exhausted',
      'agents: none runs: run fairlead install --globalnet',
    ])
  })

  test('with a GlobalEgressIP that has neither addresses nor its pods says both', () => {
    const conditions = [
      condition('Allocated', 'False', 'none is free'),
      condition('Conflict', 'True', 'an older one has these pods: a'),
    ].map((each) => ({ ...each, lastTransitionTime: '2026-01-01T00:00:00Z' }))
    const team = egressReport({ metadata: { namespace: 'demo', name: 'team' }, status: { conditions } })
    expect(failed(globalnetFindings({ ...BLOCK, egress: [team] }, AGENTS))).toEqual([
      'global addresses: demo/team: none is free; an older one has these pods: a',
    ])
  })

  test('without globalnet is not asked about it', () => {
    expect(globalnetFindings({ egress: [], ingress: [] }, [])).toEqual([])
  })

  test('whose controller does not know globalnet says so', () => {
    const network = networkReport({ metadata: { name: 'cluster' } })
    expect(failed(globalnetFindings({ network, egress: [], ingress: [] }, AGENTS))).toEqual([
      'globalnet: no controller has looked at it: does it run with --globalnet?',
    ])
  })
})

test('the status of globalnet has a table for each kind, and none that is empty', () => {
  expect(globalnetTables(BLOCK).map(([head]) => head?.[0])).toEqual(['BLOCK', 'CONDITION', 'INGRESS'])
  expect(globalnetTables({ egress: [], ingress: [] })).toEqual([
    [['GLOBALNET'], ['off: there is no GlobalNetwork']],
  ])
})
