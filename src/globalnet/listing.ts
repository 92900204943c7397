/**
 * Lists and times in messages for people.
 */
import { NAMED_IN_MESSAGE } from './limits.ts'

/** The first of them, and how many more there are. */
export function listed(texts: readonly string[], separator = ', '): string {
  const more = texts.length - NAMED_IN_MESSAGE
  return texts.slice(0, NAMED_IN_MESSAGE).join(separator) + (more > 0 ? ` and ${more} more` : '')
}

/** A time as people and programs read it; what no calendar has, as a number. */
export function timeOf(ms: number): string {
  const date = new Date(ms)
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString()
}
