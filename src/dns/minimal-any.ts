/**
 * Answers to ANY: one set of records instead of all (RFC 8482 section 4.1), so that it brings no more than any other
 * question does.
 */
import type { Answer } from './dns-records.ts'

/** The answer with the records of its first type alone, and nothing in addition. */
export function minimalAny(answer: Answer): Answer {
  if (answer.answers.length === 0) return answer
  const type = answer.answers[0]?.type
  return { ...answer, answers: answer.answers.filter((record) => record.type === type), additional: [] }
}
