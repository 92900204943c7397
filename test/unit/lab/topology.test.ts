/** The address plan of a lab. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { addressesOf, podIpv6 } from '../../../src/lab/node-plan.ts'
import { clusterAddresses, LabMode, planClusters } from '../../../src/lab/topology.ts'

describe('the plan of clusters', () => {
  test('gives every cluster the same networks and its own node address', () => {
    const [east, west] = planClusters(['east', 'west'], LabMode.namespaces)
    expect([east?.nodeAddress, west?.nodeAddress]).toEqual(['172.31.0.10', '172.31.0.11'])
    expect(east?.podNetwork).toBe(west?.podNetwork)
    expect(east?.serviceNetwork).toBe('10.96.0.0/16')
    expect(east?.dnsAddress).toBe('10.96.0.10')
  })

  test('gives IPv6 addresses in the same way, unless there are none to be had', () => {
    const [east, west] = planClusters(['east', 'west'], LabMode.namespaces)
    expect([east, west].map((plan) => plan?.nodes[0].ipv6?.address)).toEqual(['fd00:31::a', 'fd00:31::b'])
    expect(east && podIpv6(east.nodes[0], '10.244.3.7')).toEqual({
      address: 'fd00:244::307',
      gateway: 'fd00:244::1',
    })
    const [four] = planClusters(['east'], LabMode.namespaces, { ipv6: false })
    expect(four?.ipv6).toBeUndefined()
    expect(four && podIpv6(four.nodes[0], '10.244.3.7')).toBeUndefined()
  })

  test('gives the only node the whole pod network, and several a part each', () => {
    const [alone] = planClusters(['a'], LabMode.namespaces)
    expect(alone?.nodes).toEqual([
      {
        name: 'a-node',
        index: 0,
        address: '172.31.0.10',
        podNetwork: '10.244.0.0/16',
        kubeletRange: { first: '10.244.0.2', last: '10.244.127.254' },
        clientRange: { first: '10.244.128.1', last: '10.244.255.254' },
        gateway: '10.244.0.1',
        ipv6: { address: 'fd00:31::a', podNetwork: 'fd00:244::/64', gateway: 'fd00:244::1' },
      },
    ])
    const [, b] = planClusters(['a', 'b'], LabMode.namespaces, { nodes: 3 })
    expect(b && clusterAddresses(b)).toEqual([
      ...['172.31.0.11', '172.31.1.11', '172.31.2.11'],
      ...['fd00:31::b', 'fd00:31::1:b', 'fd00:31::2:b'],
    ])
    expect(b?.nodes[2]).toEqual({
      name: 'b-node-3',
      index: 2,
      address: '172.31.2.11',
      podNetwork: '10.244.32.0/20',
      kubeletRange: { first: '10.244.32.2', last: '10.244.39.254' },
      clientRange: { first: '10.244.40.1', last: '10.244.47.254' },
      gateway: '10.244.32.1',
      ipv6: { address: 'fd00:31::2:b', podNetwork: 'fd00:244::2000/116', gateway: 'fd00:244::2001' },
    })
  })

  test('bounds the nodes of a cluster, and has one in loopback mode', () => {
    for (const nodes of [0, 9])
      expect(() => planClusters(['a'], LabMode.namespaces, { nodes })).toThrow('1 to 8 nodes')
    expect(() => planClusters(['a'], LabMode.loopback, { nodes: 2 })).toThrow(/need --mode namespaces/)
  })

  test('gives clusters in loopback mode networks of their own', () => {
    const plans = planClusters(['a', 'b', 'c'], LabMode.loopback)
    expect(new Set(plans.map(({ podNetwork }) => podNetwork)).size).toBe(3)
    expect(plans.map(({ nodeAddress }) => nodeAddress)).toEqual([
      '127.10.255.1',
      '127.11.255.1',
      '127.12.255.1',
    ])
  })

  test.each([[['']], [['East']], [['-a']], [['a', 'a']], [[]], [['a'.repeat(64)]], [['a/b']]])(
    'refuses the names %j',
    (names) => {
      expect(() => planClusters(names, LabMode.namespaces)).toThrow()
    },
  )

  test('knows which clusters are private, and refuses those that are not there or not kept apart', () => {
    const plans = planClusters(['a', 'b'], LabMode.namespaces, { private: ['b'] })
    expect(plans.map((plan) => plan.private)).toEqual([false, true])
    expect(() => planClusters(['a'], LabMode.namespaces, { private: ['b'] })).toThrow(/"b" is none of a/)
    expect(() => planClusters(['a'], LabMode.loopback, { private: ['a'] })).toThrow(/need --mode namespaces/)
  })

  test('never gives two clusters the same node address', () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/), { minLength: 1, maxLength: 64 })
    fc.assert(
      fc.property(names, fc.constantFrom(...Object.values(LabMode)), (clusters, mode) => {
        const addresses = planClusters(clusters, mode).map(({ nodeAddress }) => nodeAddress)
        expect(new Set(addresses).size).toBe(clusters.length)
        const nodes = planClusters(clusters, LabMode.namespaces, { nodes: 8 }).flatMap((plan) => plan.nodes)
        expect(new Set(nodes.flatMap(addressesOf)).size).toBe(clusters.length * 16)
      }),
    )
  })
})
