/**
 * Codes of invites: made here, told once, known afterwards by their hashes only.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { CODE_BYTES } from './limits.ts'

/** Form of a code: base64url of CODE_BYTES. */
export const CODE_PATTERN = '^[A-Za-z0-9_-]{43}$'

/** A new code. */
export function newCode(random: (bytes: number) => Buffer = randomBytes): string {
  return random(CODE_BYTES).toString('base64url')
}

/** What is kept of a code: SHA-256, hexadecimal. A code is too random for anybody to try all of them. */
export function codeHash(code: string): string {
  return createHash('sha256').update(code).digest('hex')
}

/** The candidate with this hash. Takes as long whichever of them it is, or none. */
export function findByCode<T>(
  code: string,
  candidates: readonly T[],
  hashOf: (candidate: T) => string | undefined,
): T | undefined {
  const wanted = createHash('sha256').update(code).digest()
  let found: T | undefined
  for (const candidate of candidates) {
    const hash = Buffer.from(hashOf(candidate) ?? '', 'hex')
    const isEqual = timingSafeEqual(
      hash.length === wanted.length ? hash : Buffer.alloc(wanted.length),
      wanted,
    )
    if (isEqual) found = candidate
  }
  return found
}
