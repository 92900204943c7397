/** When certificates are renewed. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { renewalTime } from '../../../src/trust/lifetime.ts'
import { RENEW_AT, RENEW_JITTER } from '../../../src/trust/limits.ts'
import { trustSettings } from '../../../src/trust/trust-settings.ts'

const DAY = 86_400_000

describe('renewal', () => {
  test('is at two thirds of the life, or up to a twentieth of it earlier', () => {
    const life = fc.integer({ min: 1_000, max: 4_000 * DAY })
    const chance = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 42 }), life, chance, (made, length, luck) => {
        const at = renewalTime(made, made + length, luck)
        expect(at).toBeLessThanOrEqual(made + length * RENEW_AT + 1)
        expect(at).toBeGreaterThanOrEqual(made + length * (RENEW_AT - RENEW_JITTER) - 1)
      }),
    )
  })

  test('leaves time: a third of the life', () => {
    expect(renewalTime(0, 3 * DAY, 0)).toBe(2 * DAY)
  })
})

describe('what a Trust says', () => {
  test('has defaults for all that it does not say', () => {
    expect(trustSettings({})).toEqual({
      found: false,
      leave: false,
      leafTtl: DAY,
      authorityTtl: 365 * DAY,
      rootTtl: 3650 * DAY,
      rotate: { leaves: 0, authority: 0, root: 0 },
      revoked: [],
    })
  })

  test('a life out of bounds, which the API server refuses, is not followed', () => {
    for (const leafTtl of ['1s', '9000h', 'soon', '']) expect(trustSettings({ leafTtl }).leafTtl).toBe(DAY)
    expect(trustSettings({ leafTtl: '30s' }).leafTtl).toBe(30_000)
  })

  test('of two revocations of a cluster the later counts; what is no time is none', () => {
    const revoked = [
      { cluster: 'west', at: '2026-01-02T00:00:00Z' },
      { cluster: 'north', at: 'yesterday' },
      { cluster: 'east', at: '2026-01-01T00:00:00.5Z' },
      { cluster: 'west', at: '2026-01-01T00:00:00Z' },
    ]
    expect(trustSettings({ revoked }).revoked).toEqual([
      { cluster: 'east', at: Date.UTC(2026, 0, 1) + 500 },
      { cluster: 'west', at: Date.UTC(2026, 0, 2) },
    ])
  })
})
