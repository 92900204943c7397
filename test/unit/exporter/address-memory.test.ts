import { expect, test } from '@jest/globals'
import { AddressMemory } from '../../../src/exporter/address-memory.ts'
import { clusterIps } from '../../../src/exporter/derived-service.ts'
import { service } from '../../support/exporter-objects.ts'

const named = (name: string, ...clusterIPs: string[]) =>
  service({ clusterIP: clusterIPs[0] ?? '', clusterIPs, ipFamilies: ['IPv4', 'IPv6'] }, { name })
const addresses = (memory: AddressMemory, ...names: string[]) =>
  names.map((name) => clusterIps(memory.lastOf('demo', name)).join())

test('addresses and families are known by the name of the Service', () => {
  const memory = new AddressMemory()
  memory.saw(named('a', '10.96.0.1'))
  memory.saw(named('b'))
  memory.saw(named('a', '10.96.0.2', 'fd00::2'))
  expect(addresses(memory, 'a', 'b')).toEqual(['10.96.0.2,fd00::2', ''])
  expect(memory.lastOf('demo', 'a')?.spec?.ipFamilies).toEqual(['IPv4', 'IPv6'])
})

test('what was not used for longest is forgotten first', () => {
  const memory = new AddressMemory(2)
  for (const name of ['a', 'b', 'a', 'c']) memory.saw(named(name, '10.96.0.1'))
  expect(addresses(memory, 'a', 'b', 'c')).toEqual(['10.96.0.1', '', '10.96.0.1'])
})
