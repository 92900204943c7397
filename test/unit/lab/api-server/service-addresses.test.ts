import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { ApiObject } from '../../../../src/lab/api-server/api-object.ts'
import { ServiceAddresses } from '../../../../src/lab/api-server/kinds/service-addresses.ts'
import { Bucket } from '../../../../src/lab/api-server/storage/bucket.ts'

function service(name: string, clusterIP: string, nodePort?: number): ApiObject {
  const ports = nodePort === undefined ? [] : [{ port: 80, nodePort }]
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'n' },
    spec: { clusterIP, clusterIPs: [clusterIP], ports },
  }
}

/** A range of 14 addresses and what is taken from it. */
class SmallRange {
  readonly #bucket = new Bucket(100, 0)
  readonly #addresses = new ServiceAddresses('10.96.0.0/28', this.#bucket)
  readonly #held = new Map<string, string>()
  #revision = 0

  take(): void {
    const address = this.#addresses.freeAddress()
    expect(address === undefined).toBe(this.#held.size === 14)
    if (address === undefined) return
    expect([...this.#held.values()]).not.toContain(address)
    expect(this.#addresses.inRange(address)).toBe(true)
    this.#revision += 1
    const name = `s${this.#revision}`
    this.#held.set(name, address)
    this.#bucket.set(`n/${name}`, service(name, address), this.#revision)
  }

  free(index: number): void {
    const [name, address] = [...this.#held][index] ?? []
    if (name === undefined || address === undefined) return
    this.#revision += 1
    this.#held.delete(name)
    this.#bucket.remove(`n/${name}`, service(name, address), this.#revision)
  }
}

describe('service addresses', () => {
  test('leave the low part of the range to Services that name theirs', () => {
    const addresses = new ServiceAddresses('10.96.0.0/16', new Bucket(10, 0))
    expect(addresses.first).toBe('10.96.0.1')
    expect(addresses.freeAddress()).toBe('10.96.1.0')
  })

  test('are those of the range without its first and last', () => {
    const addresses = new ServiceAddresses('10.96.0.0/29', new Bucket(10, 0))
    const valid = ['10.96.0.0', '10.96.0.1', '10.96.0.6', '10.96.0.7', '10.96.0.8', 'x', '::1']
    expect(valid.map((address) => addresses.inRange(address))).toEqual([
      false,
      true,
      true,
      false,
      false,
      false,
      false,
    ])
  })

  test('are never given twice, are all given, and come back when freed', () => {
    const steps = fc.array(fc.oneof(fc.constant('take' as const), fc.nat(20)), { maxLength: 60 })
    fc.assert(
      fc.property(steps, (actions) => {
        const range = new SmallRange()
        for (const action of actions) {
          if (action === 'take') range.take()
          else range.free(action)
        }
      }),
    )
  })

  test('of two families come from two ranges', () => {
    const addresses = new ServiceAddresses('10.96.0.0/16,fd00:96::/112', new Bucket(10, 0))
    expect(addresses.families).toEqual(['IPv4', 'IPv6'])
    expect([addresses.freeAddress(), addresses.freeAddress('IPv6')]).toEqual(['10.96.1.0', 'fd00:96::100'])
    const valid = ['fd00:96::', 'fd00:96::1', 'fd00:96:0:0::fffe', 'fd00:96::ffff', 'fd00:97::1', '10.96.0.1']
    expect(valid.map((address) => addresses.inRange(address))).toEqual([
      false,
      true,
      true,
      false,
      false,
      true,
    ])
  })

  test('count node ports of stored Services', () => {
    const bucket = new Bucket(10, 0)
    bucket.set('n/a', service('a', '10.96.0.9', 30_000), 1)
    const addresses = new ServiceAddresses('10.96.0.0/16', bucket)
    expect(addresses.isPortTaken(30_000)).toBe(true)
    expect(addresses.freePort(new Set([30_001]))).toBe(30_002)
    bucket.remove('n/a', service('a', '10.96.0.9', 30_000), 2)
    expect(addresses.isPortTaken(30_000)).toBe(false)
  })
})
