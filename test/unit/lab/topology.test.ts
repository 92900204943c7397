/** The address plan of a lab. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { LabMode, planClusters, podIpv6 } from '../../../src/lab/topology.ts'

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
    expect([east?.ipv6?.nodeAddress, west?.ipv6?.nodeAddress]).toEqual(['fd00:31::a', 'fd00:31::b'])
    expect(east && podIpv6(east, '10.244.3.7')).toEqual({ address: 'fd00:244::307', gateway: 'fd00:244::1' })
    const [four] = planClusters(['east'], LabMode.namespaces, { ipv6: false })
    expect(four?.ipv6).toBeUndefined()
    expect(four && podIpv6(four, '10.244.3.7')).toBeUndefined()
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
      }),
    )
  })
})
