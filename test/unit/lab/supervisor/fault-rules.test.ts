/** Rules of pods that are cut off, and of slow paths. */
import { expect, test } from '@jest/globals'
import { podCutChange, podCutRules } from '../../../../src/lab/supervisor/pod-cut-rules.ts'
import { ruleFamilies } from '../../../../src/lab/supervisor/rule-family.ts'
import { slowChange, slowRules } from '../../../../src/lab/supervisor/slow-rules.ts'
import { type ClusterPlan, planClusters } from '../../../../src/lab/topology.ts'

const [east] = planClusters(['east'], 'namespaces', { ipv6: false }) as readonly [ClusterPlan]
const [dual] = planClusters(['east'], 'namespaces') as readonly [ClusterPlan]

test('a pod is cut off from all that its node forwards, and from what a slow line carries for it', () => {
  expect(podCutRules(east, east.nodes[0])).toBe(`table ip fairlead-lab-pod-cut {
  set pods {
    type ipv4_addr
  }
  chain forwarded {
    type filter hook forward priority filter - 10; policy accept;
    ip saddr @pods drop
    ip daddr @pods drop
  }
  chain arriving {
    type filter hook input priority filter - 10; policy accept;
    ip saddr @pods ct original ip daddr 172.31.0.0/20 ct original ip daddr != 172.31.0.10 drop
  }
  chain leaving {
    type filter hook output priority filter - 10; policy accept;
    ip daddr @pods ct original ip daddr 172.31.0.0/20 ct original ip daddr != 172.31.0.10 drop
  }
}
`)
})

test('a pod on another node than the API server still reaches that', () => {
  const [plan] = planClusters(['east'], 'namespaces', { ipv6: false, nodes: 2 })
  const [first, second] = plan?.nodes ?? []
  if (plan === undefined || first === undefined || second === undefined) throw new Error('no plan')
  expect(podCutRules(plan, first)).not.toContain('accept\n')
  expect(podCutRules(plan, second)).toMatch(
    /ip daddr 172.31.0.10 tcp dport 6443 accept\n.*sport 6443 accept\n.*ip saddr @pods drop/,
  )
})

test('healing a pod that was never cut off is no error', () => {
  const add = 'add element ip fairlead-lab-pod-cut pods { 10.244.0.7 }\n'
  expect(podCutChange('cut', ['10.244.0.7'])).toBe(add)
  expect(podCutChange('heal', ['10.244.0.7'])).toBe(add + add.replace('add', 'delete'))
})

test('a pod with two addresses is cut off in both families', () => {
  expect(podCutRules(dual, dual.nodes[0])).toContain('ip6 saddr @pods drop')
  expect(podCutChange('cut', ['10.244.0.7', 'fd00:244::7'])).toBe(
    'add element ip fairlead-lab-pod-cut pods { 10.244.0.7 }\nadd element ip6 fairlead-lab-pod-cut pods { fd00:244::7 }\n',
  )
})

test('connections of pods go to the line, and where they wanted to go is kept', () => {
  expect(slowRules(ruleFamilies(east, east.nodes[0]))).toContain(
    'ip saddr 10.244.0.0/16 ip daddr @lines update @addresses { iif . tcp sport : ip daddr } update @ports { iif . tcp sport : tcp dport } dnat ip to ip daddr map @lines',
  )
})

test('a change of lines replaces all of them', () => {
  const lines = [
    { peer: '172.31.0.11', address: '10.244.0.1', port: 4000 },
    { peer: '172.31.0.12', address: '10.244.0.1', port: 4001 },
  ]
  expect(slowChange(['ip'], lines)).toBe(
    `flush map ip fairlead-lab-slow lines
add element ip fairlead-lab-slow lines { 172.31.0.11 : 10.244.0.1 . 4000, 172.31.0.12 : 10.244.0.1 . 4001 }
`,
  )
  expect(slowChange(['ip'], [])).toBe('flush map ip fairlead-lab-slow lines\n')
  expect(slowChange(['ip', 'ip6'], [{ peer: 'fd00:31::b', address: 'fd00:244::1', port: 4002 }])).toBe(
    `flush map ip fairlead-lab-slow lines
flush map ip6 fairlead-lab-slow lines
add element ip6 fairlead-lab-slow lines { fd00:31::b : fd00:244::1 . 4002 }
`,
  )
})
