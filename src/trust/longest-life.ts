/**
 * The longest life that an authority of a root was ever made for, kept with the root: how long a revocation matters.
 */
import { LONGEST_LIFE_ANNOTATION } from '../api/trust.ts'
import { formatDuration, parseDuration } from '../core/duration.ts'
import { AUTHORITY_TTL } from './limits.ts'
import type { SecretMarks, SecretObject } from './secrets.ts'

/** Milliseconds. As long as an authority may live at all where nobody has noted it. */
export function longestLife({ metadata }: Pick<SecretObject, 'metadata'>): number {
  const text = metadata.annotations?.[LONGEST_LIFE_ANNOTATION]
  try {
    return text === undefined ? AUTHORITY_TTL.max : parseDuration(text, AUTHORITY_TTL)
  } catch {
    // What cannot be read notes nothing.
    return AUTHORITY_TTL.max
  }
}

export function longestLifeMark(ms: number): SecretMarks {
  return { [LONGEST_LIFE_ANNOTATION]: formatDuration(ms) }
}
