/**
 * The root's keys at the founder: made once, noted when they are brought, and replaced step by step.
 */
import { X509Certificate } from 'node:crypto'
import type { Directory } from '../api/service-record.ts'
import type { MemberStatus } from '../api/trust.ts'
import { sameValue } from '../core/compare.ts'
import { certificateSha256 } from '../pki/chain.ts'
import { createRoot } from '../pki/clusterset-root.ts'
import { ChainError } from '../pki/errors.ts'
import type { AuthorityIdentity } from '../pki/identity.ts'
import type { TrustStatement } from '../pki/trust-statement.ts'
import { TrustError } from './errors.ts'
import { foundRoot } from './founding.ts'
import { lifetimeOf } from './lifetime.ts'
import { ROOT_LAST_PART } from './limits.ts'
import { longestLife, longestLifeMark } from './longest-life.ts'
import { type MemberProgress, type RotationStep, rotationStep } from './root-rotation.ts'
import { type RootKeys, readRoot, rootsOf, rootValues } from './root-secret.ts'
import { isOurs, rotationMark, rotationOf, type SecretObject } from './secrets.ts'
import { daysOf, type TrustSettings } from './trust-settings.ts'
import type { SecretBoxes } from './trust-stores.ts'

export interface RootInput {
  readonly settings: TrustSettings
  readonly identity: AuthorityIdentity
  /** What was last said. */
  readonly statement: TrustStatement | undefined
  readonly members: readonly MemberStatus[]
  readonly directory: Directory
  /** Milliseconds since 1970. */
  readonly now: number
}

/** What the root is after a look at it. */
export interface RootView {
  readonly keys: RootKeys
  /** The roots to be named in the statement: without one that goes. */
  readonly trusted: readonly string[]
  readonly step: RotationStep
  /** Milliseconds: how long any authority may have been made for. */
  readonly longestLife: number
  /** Whether it was made here, rather than brought. */
  readonly isOurs: boolean
}

export class RootKeeper {
  readonly #secrets: Pick<SecretBoxes, 'root' | 'authority'>

  constructor(secrets: Pick<SecretBoxes, 'root' | 'authority'>) {
    this.#secrets = secrets
  }

  /** Takes at most one step of a rotation. Throws TrustError when the root cannot be used. */
  async look(input: RootInput): Promise<RootView> {
    const secret = await this.#present(input)
    const keys = await this.#noted(secret, input)
    const step = rotationStep(rotationInput(secret, keys, input))
    const next = await this.#take(step, keys, input)
    const trusted = rootsOf(step.kind === 'retire' ? { active: next.active } : next).map(
      ({ certPem }) => certPem,
    )
    const present = this.#secrets.root.current ?? secret
    return { keys: next, trusted, step, longestLife: longestLife(present), isOurs: isOurs(present) }
  }

  /** The statement that no longer names the old root is recorded: its key goes. */
  async retire({ keys }: RootView): Promise<void> {
    await this.#secrets.root.write(rootValues({ active: keys.active }))
  }

  async #present({ settings, identity, now }: RootInput): Promise<SecretObject> {
    const secret = this.#secrets.root.current
    if (secret !== undefined) return await this.#withLongestLife(secret, settings)
    if (this.#secrets.authority.current !== undefined)
      throw new TrustError(
        'Secret fairlead-root is gone: put it back from a backup, or let every member join anew',
      )
    const { values, marks } = await foundRoot(identity.clusterset, settings, now)
    return await this.#secrets.root.write(values, marks)
  }

  /** Noted before an authority is made for so long. */
  async #withLongestLife(secret: SecretObject, { authorityTtl }: TrustSettings): Promise<SecretObject> {
    if (longestLife(secret) >= authorityTtl) return secret
    return await this.#secrets.root.write({}, longestLifeMark(authorityTtl))
  }

  /** A root that was made anew with the same key has the old one beside it, until all members trust the new one. */
  async #noted(secret: SecretObject, { statement, now }: RootInput): Promise<RootKeys> {
    const keys = readRoot(secret)
    requireLiving(keys, now)
    const known = statement?.roots ?? []
    if (known.length === 0 || rootsOf(keys).some(({ certPem }) => known.includes(certPem))) return keys
    const old = known.find((pem) => sameKey(pem, keys.active.certPem))
    if (old === undefined)
      throw new TrustError(
        'Secret fairlead-root holds a root that no member knows: put the one before back, and bring the new one beside it as next.crt and next.key',
      )
    const both = { active: keys.active, old: { certPem: old, keyPem: keys.active.keyPem } }
    await this.#secrets.root.write(rootValues(both))
    return both
  }

  async #take(step: RotationStep, keys: RootKeys, { settings, identity, now }: RootInput): Promise<RootKeys> {
    if (step.kind === 'begin') {
      const next = await createRoot({ clusterset: identity.clusterset, days: daysOf(settings.rootTtl) }, now)
      const both = { active: keys.active, next }
      await this.#secrets.root.write(rootValues(both), rotationMark(settings.rotate.root))
      return both
    }
    if (step.kind === 'activate' && keys.next !== undefined) {
      const both = { active: keys.next, old: keys.active }
      await this.#secrets.root.write(rootValues(both))
      return both
    }
    return keys
  }
}

/** What an ended root signs has ended as well. */
function requireLiving({ active }: RootKeys, now: number): void {
  const ends = new X509Certificate(active.certPem).validToDate
  if (ends.getTime() >= now) return
  const message = `the root in Secret fairlead-root has ended at ${ends.toISOString()}: every member has to join anew, by a new one`
  throw new TrustError(message, { cause: new ChainError('expired', message) })
}

function rotationInput(secret: SecretObject, keys: RootKeys, input: RootInput) {
  const { settings, statement, now } = input
  const active = new X509Certificate(keys.active.certPem)
  const { made, ends, renewAt } = lifetimeOf(active)
  const isDue = rotationOf(secret) !== settings.rotate.root || now >= renewAt
  const named = rootsOf(keys).map(({ certPem }) => certPem)
  const isTold = statement !== undefined && sameValue(statement.roots, named)
  const oldEnds = keys.old && new X509Certificate(keys.old.certPem).validToDate.getTime()
  return {
    keys,
    wanted: isOurs(secret) && isDue,
    told: isTold ? statement.version : undefined,
    active: certificateSha256(active),
    isLast: now >= (oldEnds ?? ends - (ends - made) * ROOT_LAST_PART),
    members: progressOf(input),
  }
}

function progressOf({ members, identity, directory }: RootInput): MemberProgress[] {
  return members
    .filter(({ cluster }) => cluster !== identity.cluster)
    .map(({ cluster }) => {
      const fact = directory.get(cluster)?.facts?.trust
      return { cluster, version: fact?.version, root: fact?.root }
    })
}

function sameKey(left: string, right: string): boolean {
  const keyOf = (pem: string) => new X509Certificate(pem).publicKey
  return keyOf(left).equals(keyOf(right))
}
