/** Names of the links between nodes and pods. */
import { expect, test } from '@jest/globals'
import { podIpv6 } from '../../../../src/lab/node-plan.ts'
import { linkName } from '../../../../src/lab/sandbox/link-name.ts'
import { planClusters } from '../../../../src/lab/topology.ts'

test('both addresses of a pod give the same name', () => {
  const [east] = planClusters(['east'], 'namespaces')
  for (const [address, name] of [
    ['10.244.0.2', 'pod0.2'],
    ['10.244.127.254', 'pod127.254'],
    ['10.244.255.9', 'pod255.9'],
  ] as const) {
    expect(linkName(address)).toBe(name)
    expect(linkName((east && podIpv6(east.nodes[0], address)?.address) ?? '')).toBe(name)
  }
})
