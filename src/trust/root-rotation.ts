/**
 * One root takes the place of another, step by step, so that at no time a member meets a certificate that it does not
 * trust: the next root is made and told; once all members trust it it signs, and all members get authorities of it; once
 * all have one the old root goes. Pure.
 */
import type { RootKeys } from './root-secret.ts'

/** A member other than the founder, as far as it is known. */
export interface MemberProgress {
  readonly cluster: string
  /** Version of the trust statement it goes by; undefined while it has told nothing. */
  readonly version: number | undefined
  /** SHA-256 of the root that signed the authority it uses. */
  readonly root: string | undefined
}

export interface RotationInput {
  readonly keys: Pick<RootKeys, 'next' | 'old'>
  /** A new root is asked for, or due. */
  readonly wanted: boolean
  /** Version of the statement that names all roots of `keys`; undefined while it is not written yet. */
  readonly told: number | undefined
  /** SHA-256 of the root that signs. */
  readonly active: string
  /** The root that signs, or the one before, is about to end: do not wait for anybody. */
  readonly isLast: boolean
  readonly members: readonly MemberProgress[]
}

export type RotationStep =
  /** Nothing to do. */
  | { readonly kind: 'none' }
  /** Make the next root. */
  | { readonly kind: 'begin' }
  /** The next root is told; these members do not trust it yet. */
  | { readonly kind: 'spreading'; readonly waitsFor: readonly string[] }
  /** Let the next root sign, and keep the old one as trusted. */
  | { readonly kind: 'activate' }
  /** The new root signs; these members have no authority of it yet. */
  | { readonly kind: 'renewing'; readonly waitsFor: readonly string[] }
  /** Trust the old root no longer. */
  | { readonly kind: 'retire' }

export function rotationStep(input: RotationInput): RotationStep {
  const { keys, wanted } = input
  if (keys.next !== undefined) return spreading(input)
  if (keys.old !== undefined) return renewing(input)
  return wanted ? { kind: 'begin' } : { kind: 'none' }
}

function spreading({ told, isLast, members }: RotationInput): RotationStep {
  if (told === undefined) return { kind: 'spreading', waitsFor: [] }
  const waitsFor = names(members.filter(({ version }) => version === undefined || version < told))
  return waitsFor.length === 0 || isLast ? { kind: 'activate' } : { kind: 'spreading', waitsFor }
}

function renewing({ told, active, isLast, members }: RotationInput): RotationStep {
  if (told === undefined) return { kind: 'renewing', waitsFor: [] }
  const waitsFor = names(members.filter(({ root }) => root !== active))
  return waitsFor.length === 0 || isLast ? { kind: 'retire' } : { kind: 'renewing', waitsFor }
}

function names(members: readonly MemberProgress[]): string[] {
  return members.map(({ cluster }) => cluster).sort()
}
