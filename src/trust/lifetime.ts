/**
 * When a certificate is renewed: at two thirds of its life, somewhat earlier by chance, so that what was made at once is
 * not renewed at once. Pure, and the same for every replica and after every restart.
 */
import { createHash, type X509Certificate } from 'node:crypto'
import { CLOCK_SKEW_MS } from '../pki/limits.ts'
import { RENEW_AT, RENEW_JITTER } from './limits.ts'

/** All times are milliseconds since 1970. */
export interface Lifetime {
  /** When it was made: certificates begin somewhat before. */
  readonly made: number
  readonly ends: number
  readonly renewAt: number
}

export function lifetimeOf(certificate: X509Certificate): Lifetime {
  const ends = certificate.validToDate.getTime()
  const made = Math.min(ends, certificate.validFromDate.getTime() + CLOCK_SKEW_MS)
  return { made, ends, renewAt: renewalTime(made, ends, chanceOf(certificate)) }
}

/** `chance` is from 0 to 1. */
export function renewalTime(made: number, ends: number, chance: number): number {
  return made + (ends - made) * (RENEW_AT - RENEW_JITTER * chance)
}

/** From 0 to 1, as random as the certificate. */
function chanceOf(certificate: X509Certificate): number {
  return createHash('sha256').update(certificate.raw).digest().readUInt32BE(0) / 0xffff_ffff
}
