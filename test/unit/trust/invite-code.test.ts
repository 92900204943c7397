import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { CODE_PATTERN, codeHash, findByCode, newCode } from '../../../src/trust/join/invite-code.ts'

test('a code has 256 random bits, and no two are alike', () => {
  const codes = Array.from({ length: 100 }, () => newCode())
  expect(new Set(codes).size).toBe(100)
  for (const code of codes) {
    expect(code).toMatch(new RegExp(CODE_PATTERN))
    expect(Buffer.from(code, 'base64url')).toHaveLength(32)
  }
})

test('a code finds what has its hash, wherever that stands, and nothing else', () => {
  const hashes = fc.array(
    fc.option(fc.constantFrom('', 'xyz', 'ab', codeHash(newCode())), { nil: undefined }),
  )
  fc.assert(
    fc.property(hashes, hashes, (before, after) => {
      const code = newCode()
      const candidates = [...before, codeHash(code), ...after]
      expect(findByCode(code, candidates, (hash) => hash)).toBe(codeHash(code))
      expect(findByCode(code, [...before, ...after], (hash) => hash)).toBeUndefined()
    }),
  )
})
