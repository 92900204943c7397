/**
 * The founder signs new authorities for members that ask. Each is registered before it is told, and a revoked cluster gets
 * none.
 */
import { X509Certificate } from 'node:crypto'
import type { Directory, RenewedFact } from '../api/service-record.ts'
import type { Trust } from '../api/trust.ts'
import type { Clock } from '../core/clock.ts'
import { describeError, FairleadError } from '../core/errors.ts'
import type { Logger } from '../core/log.ts'
import { signAuthority } from '../pki/cluster-authority.ts'
import type { AuthorityIdentity } from '../pki/identity.ts'
import { revocationTime } from '../pki/trust-statement.ts'
import { TrustError } from './errors.ts'
import { liveMembers, memberOf, type RegistryDeps, registerMember } from './members.ts'
import { RenewalDesk, type RenewalRequest } from './renewal-desk.ts'
import type { RootKeys } from './root-secret.ts'
import { daysOf, type TrustSettings } from './trust-settings.ts'

export interface OfficeDeps {
  readonly registry: RegistryDeps
  readonly clock: Pick<Clock, 'now'>
  readonly log: Logger
  readonly tell: (reason: string, note: string) => void
}

export interface OfficeInput {
  readonly keys: RootKeys
  readonly trust: Trust
  readonly settings: TrustSettings
  readonly identity: AuthorityIdentity
  readonly directory: Directory
}

export class RenewalOffice {
  readonly #deps: OfficeDeps
  readonly #desk: RenewalDesk

  /** `own` is the founder's cluster. */
  constructor(deps: OfficeDeps, own: string) {
    this.#deps = deps
    this.#desk = new RenewalDesk(own)
  }

  /** Signs what is due; what is to be told comes back. */
  async look(input: OfficeInput): Promise<readonly RenewedFact[]> {
    for (const request of this.#desk.due(input.directory, this.#deps.clock.now())) {
      const certificate = await this.#answer(request, input)
      this.#desk.answered(request, certificate, this.#deps.clock.now())
    }
    return this.#desk.told
  }

  /** Undefined when it cannot be: the same request is not looked at again. */
  async #answer(request: RenewalRequest, input: OfficeInput): Promise<string | undefined> {
    const { log, tell } = this.#deps
    try {
      const certificate = await this.#sign(request, input)
      tell('AuthorityRenewed', `a new authority for cluster ${request.cluster}`)
      return certificate
    } catch (error) {
      if (!(error instanceof FairleadError) || error.retryable) throw error
      log.warn({ cluster: request.cluster, error: describeError(error) }, 'no new authority for a member')
      return undefined
    }
  }

  async #sign({ cluster, csr }: RenewalRequest, input: OfficeInput): Promise<string> {
    const { registry, clock } = this.#deps
    const { trust, settings, identity, keys } = input
    const now = clock.now()
    const revokedAt = revocationTime(settings.revoked, cluster)
    const isMember = liveMembers(trust, now).some((member) => member.cluster === cluster)
    if (revokedAt !== undefined && !isMember) throw new TrustError(`cluster ${cluster} was revoked`)
    const rules = { clusterset: identity.clusterset, cluster, days: daysOf(settings.authorityTtl), revokedAt }
    const certificate = await signAuthority(keys.active, csr, rules, now)
    const outcome = await registerMember(registry, memberOf(new X509Certificate(certificate)), () => true)
    if (outcome.kind !== 'registered') throw new TrustError('the list of members is full')
    return certificate
  }
}
