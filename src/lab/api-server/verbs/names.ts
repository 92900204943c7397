/**
 * Names and identities the server gives to new objects.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import type { ApiObject } from '../api-object.ts'
import { timestamp } from '../api-object.ts'

/** No vowels and no look-alikes, as in Kubernetes. */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'
const SUFFIX_LENGTH = 5
const MAX_BASE = 63 - SUFFIX_LENGTH

/** `base` with five random characters. */
export function generatedName(base: string): string {
  const suffix = [...randomBytes(SUFFIX_LENGTH)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('')
  return `${base.slice(0, MAX_BASE)}${suffix}`
}

/** Clears what clients may not set and sets uid and time of creation. */
export function stampNew(draft: ApiObject, now: number, countsGenerations: boolean): void {
  const { metadata } = draft
  delete metadata.resourceVersion
  delete metadata.deletionTimestamp
  delete metadata.deletionGracePeriodSeconds
  delete metadata.generation
  metadata.uid = randomUUID()
  metadata.creationTimestamp = timestamp(now)
  if (countsGenerations) metadata.generation = 1
}
