import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  alternativeNamesIdentity,
  certificateIdentity,
  formatIdentity,
  isClusterId,
  parseIdentity,
  Role,
  requireClusterId,
  sameIdentity,
} from '../../../src/pki/identity.ts'

const EAST = { clusterset: 'home', cluster: 'east', role: Role.router } as const

const labels = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/)
const domains = fc.stringMatching(/^[a-z0-9._-]{1,50}$/)
const identities = fc.record({
  clusterset: domains,
  cluster: labels,
  role: fc.constantFrom(Role.router, Role.controller, Role.agent),
})

test('what is formatted is parsed back', () => {
  fc.assert(
    fc.property(identities, (identity) => expect(parseIdentity(formatIdentity(identity))).toEqual(identity)),
  )
})

test('no text makes the parser accept what it would not write', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), (clusterset, cluster, role) => {
      const uri = `spiffe://${clusterset}/cluster/${cluster}/${role}`
      try {
        expect(formatIdentity(parseIdentity(uri))).toBe(uri)
      } catch (error) {
        expect(error).toMatchObject({ code: 'identity' })
      }
    }),
  )
})

test.each([
  ['https://home/cluster/east/router'],
  ['spiffe://home/cluster/east/router/'],
  ['spiffe://home/cluster/east/router?x=1'],
  ['spiffe://home/cluster/east/admin'],
  ['spiffe://home/ns/east/router'],
  ['spiffe://HOME/cluster/east/router'],
  ['spiffe://home/cluster/East/router'],
  ['spiffe://home/cluster/-east/router'],
  ['spiffe://home/cluster/../router'],
  ['spiffe:///cluster/east/router'],
  [`spiffe://home/cluster/${'a'.repeat(64)}/router`],
  [`spiffe://${'a'.repeat(3000)}/cluster/east/router`],
])('%s is no identity', (uri) => {
  expect(() => parseIdentity(uri)).toThrow(expect.objectContaining({ code: 'identity' }))
})

test('a cluster id is a label of at most 63 characters', () => {
  expect(isClusterId('a'.repeat(63))).toBe(true)
  expect(isClusterId('a'.repeat(64))).toBe(false)
  expect(() => requireClusterId('Not_a_label')).toThrow('no cluster id')
})

describe('in the names of a certificate', () => {
  const uri = formatIdentity(EAST)

  test('the one URI is found among DNS names and addresses', () => {
    expect(alternativeNamesIdentity(`DNS:a.example, URI:${uri}, IP Address:10.0.0.1`)).toEqual(EAST)
  })

  test('none, two, and the same one twice are refused', () => {
    expect(() => alternativeNamesIdentity(undefined)).toThrow('names no SPIFFE id')
    expect(() => alternativeNamesIdentity('DNS:a.example')).toThrow('names no SPIFFE id')
    expect(() => alternativeNamesIdentity(`URI:${uri}, URI:${uri}`)).toThrow('names 2 URIs')
    expect(() => alternativeNamesIdentity(`URI:https://a.example, URI:${uri}`)).toThrow('names 2 URIs')
  })

  test('a name that only contains a URI is not one', () => {
    expect(() => alternativeNamesIdentity(`DNS:"a, URI:${uri}"`)).toThrow('names no SPIFFE id')
    expect(() => alternativeNamesIdentity(`DNS:"a\\", URI:${uri}"`)).toThrow('names no SPIFFE id')
  })
})

test('what is no certificate has no identity', () => {
  expect(() => certificateIdentity('not a certificate')).toThrow('cannot be read')
})

test('identities are the same when all three parts are', () => {
  expect(sameIdentity(EAST, { ...EAST })).toBe(true)
  expect(sameIdentity(EAST, { ...EAST, cluster: 'west' })).toBe(false)
  expect(sameIdentity(EAST, { ...EAST, role: Role.controller })).toBe(false)
  expect(sameIdentity(EAST, { ...EAST, clusterset: 'other' })).toBe(false)
})
