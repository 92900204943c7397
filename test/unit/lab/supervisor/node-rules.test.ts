/** Rules every node has, and the change that cuts it off. */
import { expect, test } from '@jest/globals'
import { MAX_RESET_AGES } from '../../../../src/lab/limits.ts'
import { cutChange, nodeRules, resetChange } from '../../../../src/lab/supervisor/node-rules.ts'
import { planClusters } from '../../../../src/lab/topology.ts'

const [east] = planClusters(['east'], 'namespaces')

test('pods leave with the address of their node, and nobody reaches them uninvited', () => {
  if (east === undefined) throw new Error('no plan')
  const rules = nodeRules(east, east.nodes[0])
  expect(rules).toContain('ip saddr 10.244.0.0/16 oifname "eth0" masquerade')
  expect(rules).toContain('iifname "eth0" ct state new ip daddr 10.244.0.0/16 ct status & dnat == 0 drop')
})

test('pods of several nodes reach each other as they are, and what comes for those of another node comes back', () => {
  const [plan] = planClusters(['east'], 'namespaces', { nodes: 2, private: ['east'] })
  if (plan === undefined) throw new Error('no plan')
  const rules = nodeRules(plan, plan.nodes[0])
  expect(rules).toMatch(/ip saddr 10.244.0.0\/16 ip daddr 10.244.0.0\/16 accept\n.*masquerade\n.*masquerade/)
  expect(rules).toContain('ct status dnat ip daddr 10.244.0.0/16 oifname "eth0" masquerade')
  expect(rules).toContain('iifname "eth0" ip saddr != { 10.244.0.0/16, 172.31.1.10 } ct state new ip daddr')
  expect(rules).toContain(
    'ct state new ip6 saddr != fd00:31::1 ip6 saddr != { fd00:244::/64, fd00:31::1:a } drop',
  )
})

test('a cut drops packets before connection tracking, in both directions', () => {
  if (east === undefined) throw new Error('no plan')
  expect(nodeRules(east, east.nodes[0])).toMatch(
    /prerouting priority raw;.*\n.*ip saddr @peers drop\n.*ip daddr @peers drop/,
  )
})

test('IPv6 is cut, reset and hidden as well, but neighbours find each other', () => {
  const [plan] = planClusters(['east'], 'namespaces', { private: ['east'] })
  if (plan === undefined) throw new Error('no plan')
  const [, six = ''] = nodeRules(plan, plan.nodes[0]).split('table ip6 fairlead-lab-node')
  expect(six).toContain('ip6 saddr fd00:244::/64 oifname "eth0" masquerade')
  expect(six).toContain('iifname "eth0" ct state new ip6 saddr != fd00:31::1 drop')
  expect(six).toMatch(/nd-neighbor-advert } accept\n.*ip6 saddr @peers drop\n.*ip6 daddr @peers drop/)
  expect(six).toContain('meta l4proto tcp ip6 daddr . ct mark @doomed reject with tcp reset')
  expect(cutChange('cut', 'fd00:31::b')).toBe('add element ip6 fairlead-lab-cut peers { fd00:31::b }\n')
  expect(resetChange('fd00:31::b', 0)).toContain('ages { fd00:31::b : 1 }')
})

test('healing what was never cut is no error', () => {
  expect(cutChange('heal', '172.31.0.11').split('\n').slice(0, 2)).toEqual([
    'add element ip fairlead-lab-cut peers { 172.31.0.11 }',
    'delete element ip fairlead-lab-cut peers { 172.31.0.11 }',
  ])
})

test('a reset dooms connections of the present age, and new ones are a step older', () => {
  expect(resetChange('172.31.0.11', 3).split('\n')).toEqual([
    'add element ip fairlead-lab-reset doomed { 172.31.0.11 . 3 }',
    'add element ip fairlead-lab-reset ages { 172.31.0.11 : 3 }',
    'delete element ip fairlead-lab-reset ages { 172.31.0.11 }',
    'add element ip fairlead-lab-reset ages { 172.31.0.11 : 4 }',
    '',
  ])
})

test('the ages that are doomed are bounded', () => {
  expect(resetChange('172.31.0.11', MAX_RESET_AGES + 2)).toContain(
    'delete element ip fairlead-lab-reset doomed { 172.31.0.11 . 2 }',
  )
})

test('a private cluster takes connections from the lab itself only, before they are given another address', () => {
  const [hidden] = planClusters(['east'], 'namespaces', { private: ['east'] })
  if (hidden === undefined) throw new Error('no plan')
  expect(nodeRules(hidden, hidden.nodes[0])).toContain(
    'iifname "eth0" ct state new ip saddr != 172.31.0.1 drop',
  )
  if (east === undefined) throw new Error('no plan')
  expect(nodeRules(east, east.nodes[0])).not.toContain('chain hide')
})
