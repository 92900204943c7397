/**
 * Lets clusters in: finds the invite of a code, counts the redemption in its status, enters the cluster in the list of
 * members. Every replica does this at once; what counts is what the API server took first.
 */
import { X509Certificate } from 'node:crypto'
import { metaTime } from '../../api/conditions.ts'
import type { Invite, Redemption } from '../../api/invite.ts'
import type { LinkEndpoint } from '../../api/link.ts'
import { Resource } from '../../api/resources.ts'
import { TRUST, type Trust } from '../../api/trust.ts'
import type { Clock } from '../../core/clock.ts'
import { FairleadError } from '../../core/errors.ts'
import { isConflict } from '../../kube/errors.ts'
import type { KubeClient, Store } from '../../kube/types.ts'
import type { KeyPair } from '../../pki/certificates.ts'
import { signAuthority } from '../../pki/cluster-authority.ts'
import type { SignedStatement } from '../../pki/trust-statement.ts'
import { liveMembers, memberOf, registerMember } from '../members.ts'
import { readApplicant } from './applicant.ts'
import { findByCode } from './invite-code.ts'
import { COUNT_ATTEMPTS, MAX_INVITES } from './limits.ts'
import type { RedemptionAnswer, RedemptionOutcome, RedemptionRequest } from './redemption-message.ts'
import type { RedemptionReport } from './redemption-report.ts'
import { type Applicant, isOpen, isSame, type Judgement, judge, refused, taken } from './redemption-rules.ts'

/** What the cluster that holds the root signs and answers with. */
export interface Founder {
  readonly clusterset: string
  readonly cluster: string
  readonly root: KeyPair
  /** PEM, the signing one first. */
  readonly roots: readonly string[]
  readonly statement?: SignedStatement | undefined
  /** Life of authorities, days. */
  readonly authorityDays: number
}

export interface RedeemerDeps {
  readonly client: Pick<KubeClient, 'get' | 'patch'>
  readonly invites: Pick<Store<Invite>, 'list'>
  /** Asked each time: a root may have been replaced. */
  readonly founder: () => Founder | undefined
  /** Where the routers of this cluster are dialled. */
  readonly endpoints: (invite: Invite) => Promise<readonly LinkEndpoint[]>
  readonly report: Pick<RedemptionReport, 'known' | 'stranger' | 'failed'>
  readonly clock: Clock
}

/** It may succeed in a moment: others were quicker again and again, or the root cannot be read. */
class NotNowError extends FairleadError {
  override readonly name = 'NotNowError'

  constructor(message: string) {
    super('not-now', message, { retryable: true })
  }
}

export class Redeemer {
  readonly #deps: RedeemerDeps
  readonly #namespace: string

  /** `namespace` is where Invites and Trust are. */
  constructor(deps: RedeemerDeps, namespace: string) {
    this.#deps = deps
    this.#namespace = namespace
  }

  /** Throws when it cannot be told now. */
  async redeem({ code, request }: RedemptionRequest): Promise<RedemptionOutcome> {
    const invite = findByCode(code, openFirst(this.#deps.invites.list(), this.#deps.clock.now()), hashOf)
    const { report } = this.#deps
    if (invite === undefined) {
      report.stranger('unknown')
      return { kind: 'unknown' }
    }
    try {
      const applicant = await readApplicant(request)
      const outcome = applicant === undefined ? UNREADABLE : await this.#letIn(invite, request, applicant)
      report.known(invite, outcome, applicant)
      return outcome
    } catch (error) {
      report.failed()
      throw error
    }
  }

  async #letIn(known: Invite, request: string, applicant: Applicant): Promise<RedemptionOutcome> {
    const founder = this.#deps.founder()
    if (founder === undefined) throw new NotNowError('the root of the clusterset is not here')
    const counted = await this.#count(known, request, applicant, founder)
    if (counted.kind === 'refused') return counted
    const { invite, redemption } = counted
    const refusal = await this.#register(redemption)
    if (refusal !== undefined) {
      await this.#takeBack(invite, applicant)
      return refusal
    }
    const answer = await this.#answer(invite, redemption, founder)
    return { kind: 'redeemed', again: counted.kind === 'again', answer }
  }

  /** Judges the invite as it is now and counts; again from the beginning when somebody else counted meanwhile. */
  async #count(known: Invite, request: string, applicant: Applicant, founder: Founder): Promise<Counted> {
    for (let attempt = 1; attempt <= COUNT_ATTEMPTS; attempt++) {
      const [invite, trust] = await Promise.all([this.#present(known), this.#trust()])
      const judgement = this.#judge(invite, trust, applicant, founder)
      if (judgement.kind === 'refused') return judgement
      const before = invite.status?.redemptions ?? []
      const same = before.find((redemption) => isSame(redemption, applicant))
      if (same !== undefined) return { kind: 'again', invite, redemption: same }
      const redemption = await this.#sign(request, applicant, founder, revokedAt(trust, applicant.cluster))
      const written = await this.#record(invite, [...before, redemption])
      if (written !== undefined) return { kind: 'new', invite: written, redemption }
    }
    throw new NotNowError('too many redeem the invite at once')
  }

  #judge(invite: Invite, trust: Trust, applicant: Applicant, { clusterset }: Founder): Judgement {
    const now = this.#deps.clock.now()
    const members = liveMembers(trust, now)
    return judge(invite, applicant, {
      clusterset,
      now,
      isTaken: (cluster) => members.some((member) => member.cluster === cluster),
      revoked: trust.spec?.revoked ?? [],
    })
  }

  async #sign(
    request: string,
    { cluster, key }: Applicant,
    { root, clusterset, authorityDays: days }: Founder,
    revoked: number | undefined,
  ): Promise<Redemption> {
    const now = this.#deps.clock.now()
    const rules = { clusterset, cluster, days, revokedAt: revoked }
    const certificate = await signAuthority(root, request, rules, now)
    return { cluster, key, at: metaTime(now), certificate }
  }

  /** Undefined when the invite is not what it was any more. */
  async #record(invite: Invite, redemptions: readonly Redemption[]): Promise<Invite | undefined> {
    const { resourceVersion, name = '' } = invite.metadata
    const status = { redemptions, redeemed: redemptions.length }
    const patch = { metadata: { resourceVersion }, status }
    const ref = { namespace: this.#namespace, name }
    try {
      return await this.#deps.client.patch<Invite>(Resource.invite, ref, 'merge', patch, 'status')
    } catch (error) {
      if (isConflict(error)) return undefined
      throw error
    }
  }

  /** Undefined when the cluster is a member now. */
  async #register({ certificate }: Redemption): Promise<(Judgement & { kind: 'refused' }) | undefined> {
    const member = memberOf(new X509Certificate(certificate))
    const { client, clock } = this.#deps
    const registration = await registerMember(
      { client, clock, namespace: this.#namespace },
      member,
      ({ serial }) => serial === member.serial,
    )
    switch (registration.kind) {
      case 'registered':
        return undefined
      case 'taken':
        return taken(member.cluster)
      case 'full':
        return refused('full', 'the clusterset has as many clusters as it can have')
    }
  }

  /** Another invite brought a cluster of that id in the same moment: this one stays good for another id. */
  async #takeBack(counted: Invite, applicant: Applicant): Promise<void> {
    let invite = counted
    for (let attempt = 1; attempt <= COUNT_ATTEMPTS; attempt++) {
      const others = (invite.status?.redemptions ?? []).filter((each) => !isSame(each, applicant))
      if ((await this.#record(invite, others)) !== undefined) return
      invite = await this.#present(invite)
    }
  }

  async #answer(invite: Invite, redemption: Redemption, founder: Founder): Promise<RedemptionAnswer> {
    const cost = invite.spec?.cost
    return {
      certificate: redemption.certificate,
      roots: founder.roots,
      ...(founder.statement === undefined ? {} : { statement: founder.statement }),
      founder: founder.cluster,
      endpoints: await this.#deps.endpoints(invite),
      ...(cost === undefined ? {} : { cost }),
    }
  }

  /** Not what the watch has shown: exactly one of two that come at once may win. */
  async #present({ metadata: { name = '', uid } }: Invite): Promise<Invite> {
    const ref = { namespace: this.#namespace, name }
    const found = await this.#deps.client.get<Invite>(Resource.invite, ref)
    if (found === undefined || found.metadata.uid !== uid)
      throw new NotNowError('the invite was just deleted')
    return found
  }

  async #trust(): Promise<Trust> {
    const ref = { namespace: this.#namespace, name: TRUST }
    const found = await this.#deps.client.get<Trust>(Resource.trust, ref)
    if (found === undefined) throw new NotNowError(`there is no Trust ${TRUST}`)
    return found
  }
}

const UNREADABLE = refused('badRequest', 'the certificate request is not one for the authority of a cluster')

type Counted =
  | { readonly kind: 'new' | 'again'; readonly invite: Invite; readonly redemption: Redemption }
  | (Judgement & { readonly kind: 'refused' })

function hashOf({ status }: Invite): string | undefined {
  return status?.codeHash
}

/** At most as many as are looked through for each code; those that are over go first. */
function openFirst(invites: readonly Invite[], now: number): Invite[] {
  const open = invites.filter((invite) => isOpen(invite, now))
  const closed = invites.filter((invite) => !isOpen(invite, now))
  return [...open, ...closed].slice(0, MAX_INVITES)
}

function revokedAt({ spec }: Trust, cluster: string): number | undefined {
  const found = spec?.revoked?.find((each) => each.cluster === cluster)
  return found === undefined ? undefined : Date.parse(found.at)
}
