/** Rules every node has, and the change that cuts it off. */
import { expect, test } from '@jest/globals'
import { cutChange, nodeRules } from '../../../../src/lab/supervisor/node-rules.ts'
import { planClusters } from '../../../../src/lab/topology.ts'

const [east] = planClusters(['east'], 'namespaces')

test('pods leave with the address of their node, and nobody reaches them uninvited', () => {
  if (east === undefined) throw new Error('no plan')
  const rules = nodeRules(east)
  expect(rules).toContain('ip saddr 10.244.0.0/16 oifname "eth0" masquerade')
  expect(rules).toContain('iifname "eth0" ct state new ip daddr 10.244.0.0/16 ct status & dnat == 0 drop')
})

test('a cut drops packets before connection tracking, in both directions', () => {
  if (east === undefined) throw new Error('no plan')
  expect(nodeRules(east)).toMatch(
    /prerouting priority raw;.*\n.*ip saddr @peers drop\n.*ip daddr @peers drop/,
  )
  expect(nodeRules(east)).toMatch(/output priority raw;.*\n.*ip daddr @peers drop/)
})

test('healing what was never cut is no error', () => {
  expect(cutChange('heal', '172.31.0.11').split('\n').slice(0, 2)).toEqual([
    'add element ip fairlead-lab-cut peers { 172.31.0.11 }',
    'delete element ip fairlead-lab-cut peers { 172.31.0.11 }',
  ])
})
