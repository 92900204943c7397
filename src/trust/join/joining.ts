/**
 * One try to join: who the cluster is to be, the code and the key, the redemption, and what a member has afterwards. A
 * try that was cut off anywhere can be made again: the same key gets the same answer while the invite is open.
 */
import { X509Certificate } from 'node:crypto'
import type { JoinRequest } from '../../api/invite.ts'
import type { ClusterProperty } from '../../api/mcs.ts'
import { ClusterPropertyName } from '../../api/names.ts'
import { Resource } from '../../api/resources.ts'
import { TrustSecret } from '../../api/trust.ts'
import type { Clock } from '../../core/clock.ts'
import { describeError } from '../../core/errors.ts'
import type { KubeClient, Store } from '../../kube/types.ts'
import { certificateSha256 } from '../../pki/chain.ts'
import { isClusterId } from '../../pki/identity.ts'
import { StatementReader } from '../../pki/trust-statement.ts'
import {
  type AuthorityMaterial,
  authorityMaterial,
  type ClusterAuthority,
  checkAuthority,
  saveAuthority,
} from '../authority-secret.ts'
import { TrustError } from '../errors.ts'
import { readSecret, type SecretObject } from '../secrets.ts'
import { JoinSecrets } from './join-secrets.ts'
import { type JoinProgress, JoinReason } from './join-status.ts'
import type { Pin } from './pinned-connection.ts'
import { type JoinOutcome, redeemAt } from './redemption-client.ts'
import { type RedemptionAnswer, RedemptionReader } from './redemption-message.ts'

/** Field manager of what joining makes. */
const JOINER = 'fairlead-join'

export interface JoiningDeps {
  readonly client: Pick<KubeClient, 'get' | 'create' | 'update' | 'patch' | 'apply' | 'delete'>
  readonly properties: Pick<Store<ClusterProperty>, 'get'>
  readonly clock: Clock
}

export class Joining {
  readonly #deps: JoiningDeps
  readonly #namespace: string
  readonly #secrets: JoinSecrets
  readonly #reader = new RedemptionReader()
  readonly #statements = new StatementReader()

  constructor(deps: JoiningDeps, namespace: string) {
    this.#deps = deps
    this.#namespace = namespace
    this.#secrets = new JoinSecrets(deps.client, namespace)
  }

  /** How far it came. Throws what should be tried again soon, such as an API that is away. */
  async try(request: JoinRequest, signal: AbortSignal): Promise<JoinProgress> {
    const wanted = this.#wanted(request)
    if ('reason' in wanted) return wanted
    const present = await readSecret(this.#deps.client, this.#authorityRef())
    const member = present === undefined ? undefined : this.#member(present)
    if (member !== undefined) return await this.#already(request, member)
    const pin = pinOf(request)
    if (pin === undefined)
      return { reason: JoinReason.badUrl, message: `${request.spec.url} is no https://host:port` }
    const code = await this.#secrets.code(request)
    if (code === undefined)
      return { reason: JoinReason.noCode, message: 'the Secret with the code is not there, or lacks its key' }
    return await this.#redeem(request, { ...wanted, pin, code, present }, signal)
  }

  /** The cluster id it is to have, or why there is none. */
  #wanted({ spec }: JoinRequest): { readonly cluster: string } | JoinProgress {
    const id = this.#property(ClusterPropertyName.clusterId)
    const clusterset = this.#property(ClusterPropertyName.clusterset)
    if (differs(id, spec.clusterId))
      return differing(`the cluster's id is ${id}, and the invite is for ${spec.clusterId}`)
    if (differs(clusterset, spec.clusterset))
      return differing(`the cluster is of clusterset ${clusterset}, and the invite is for ${spec.clusterset}`)
    const cluster = spec.clusterId ?? id
    if (cluster === undefined)
      return {
        reason: JoinReason.noClusterId,
        message: `nobody said which id the cluster shall have: set spec.clusterId, or ClusterProperty ${ClusterPropertyName.clusterId}`,
      }
    if (isClusterId(cluster)) return { cluster }
    return differing(`"${cluster.slice(0, 64)}" cannot be the id of a cluster`)
  }

  #property(name: string): string | undefined {
    return this.#deps.properties.get({ name })?.spec.value
  }

  /** The present authority; undefined when it is of no use any more. */
  #member(secret: SecretObject): ClusterAuthority | undefined {
    try {
      return checkAuthority(authorityMaterial(secret), this.#statements, this.#deps.clock.now())
    } catch (error) {
      if (error instanceof TrustError) return undefined
      throw error
    }
  }

  /** By this request, whose end was cut off, or by another one. */
  async #already(request: JoinRequest, member: ClusterAuthority): Promise<JoinProgress> {
    const { cluster, clusterset } = member.identity
    const isOurs = (await this.#secrets.keptKey()) === member.material.key
    if (isOurs)
      return await this.#finish(request, { clusterId: cluster, clusterset, link: request.spec.founder })
    return {
      reason: JoinReason.alreadyMember,
      message: `this is cluster ${cluster} of clusterset ${clusterset} already; to join another one, run "fairlead leave" first`,
    }
  }

  async #redeem(
    request: JoinRequest,
    { cluster, pin, code, present }: Attempt,
    signal: AbortSignal,
  ): Promise<JoinProgress> {
    let key = ''
    const ask = async (clusterset: string) => {
      const { requestPem, keyPem } = await this.#secrets.authorityRequest({ clusterset, cluster })
      key = keyPem
      return { code, request: requestPem }
    }
    const deps = { clock: this.#deps.clock, reader: this.#reader }
    const outcome = await redeemAt(deps, pin, ask, signal)
    if (outcome.kind !== 'answer') return notJoined(outcome, pin)
    const { answer, clusterset } = outcome
    const material = materialOf(answer, key)
    try {
      requirePinned(answer, pin)
      checkAuthority(material, this.#statements, this.#deps.clock.now(), { cluster, clusterset })
    } catch (error) {
      if (!(error instanceof TrustError)) throw error
      return { reason: JoinReason.badAnswer, message: `the answer is not good: ${describeError(error)}` }
    }
    return await this.#settle(request, { material, answer, cluster, clusterset, present })
  }

  /** The authority comes last: once it is there nothing is asked again. */
  async #settle(request: JoinRequest, { answer, cluster, clusterset, material, present }: Settlement) {
    const link = await this.#link(request, answer)
    await this.#setProperty(ClusterPropertyName.clusterId, cluster)
    await this.#setProperty(ClusterPropertyName.clusterset, clusterset)
    await saveAuthority(this.#deps.client, this.#namespace, material, present)
    return await this.#finish(request, { clusterId: cluster, clusterset, link })
  }

  /** Its name; undefined where the founder has no address to dial. */
  async #link(
    { spec }: JoinRequest,
    { founder, endpoints, cost }: RedemptionAnswer,
  ): Promise<string | undefined> {
    if (endpoints.length === 0) return undefined
    const wanted = spec.cost ?? cost
    const link = {
      metadata: { namespace: this.#namespace, name: founder },
      spec: { endpoints: [...endpoints], ...(wanted === undefined ? {} : { cost: wanted }) },
    }
    await this.#deps.client.apply(Resource.link, link, { fieldManager: JOINER })
    return founder
  }

  async #setProperty(name: string, value: string): Promise<void> {
    if (this.#property(name) === value) return
    const property: ClusterProperty = { metadata: { name }, spec: { value } }
    await this.#deps.client.apply(Resource.clusterProperty, property, { fieldManager: JOINER })
  }

  async #finish(request: JoinRequest, joined: NonNullable<JoinProgress['joined']>): Promise<JoinProgress> {
    await this.#secrets.removeCode(request)
    await this.#secrets.removeKey()
    const { clusterId, clusterset, link } = joined
    const dialling =
      link === undefined
        ? `cluster ${request.spec.founder} cannot be dialled: link the clusters by "fairlead link"`
        : `Link ${link} dials it`
    const message = `cluster ${clusterId} is a member of clusterset ${clusterset}; ${dialling}`
    return { reason: JoinReason.joined, message, joined }
  }

  #authorityRef(): { readonly namespace: string; readonly name: string } {
    return { namespace: this.#namespace, name: TrustSecret.authority }
  }
}

interface Attempt {
  readonly cluster: string
  readonly pin: Pin
  readonly code: string
  readonly present: SecretObject | undefined
}

interface Settlement {
  readonly material: AuthorityMaterial
  readonly answer: RedemptionAnswer
  readonly cluster: string
  readonly clusterset: string
  readonly present: SecretObject | undefined
}

/** Where and who, by the spec; undefined when its URL cannot be used. */
function pinOf({ spec }: JoinRequest): Pin | undefined {
  const { url, caHash, founder, clusterset } = spec
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed?.protocol !== 'https:' || parsed.hostname === '') return undefined
  const host = parsed.hostname.replace(/^\[(.*)\]$/, '$1')
  return { host, port: Number(parsed.port || 443), caHash: caHash.toLowerCase(), founder, clusterset }
}

function differs(present: string | undefined, wanted: string | undefined): boolean {
  return present !== undefined && wanted !== undefined && present !== wanted
}

function differing(message: string): JoinProgress {
  return { reason: JoinReason.membershipDiffers, message }
}

function notJoined(outcome: Exclude<JoinOutcome, { kind: 'answer' }>, { host, port }: Pin): JoinProgress {
  const where = `${host}:${port}`
  switch (outcome.kind) {
    case 'refused':
      return outcome
    case 'unknown':
      return {
        reason: JoinReason.unknownCode,
        message: `nobody at ${where} knows the code: the invite was deleted, or the code is another one; ask for a new invite`,
      }
    case 'untrusted':
      return {
        reason: JoinReason.untrusted,
        message: `the code was not sent to ${where}: ${outcome.message}`,
      }
    case 'unreachable':
      return { reason: JoinReason.unreachable, message: `${where}: ${outcome.message}` }
  }
}

function materialOf({ certificate, roots, statement }: RedemptionAnswer, key: string): AuthorityMaterial {
  const bundle = roots.map((root) => (root.endsWith('\n') ? root : `${root}\n`)).join('')
  const signed = statement === undefined ? {} : { statement: JSON.stringify(statement) }
  return { roots: bundle, certificate, key, ...signed }
}

/** The pinned root must be one of those that are to be trusted from now on. */
function requirePinned({ roots }: RedemptionAnswer, { caHash }: Pin): void {
  const hashes = roots.map((root) => {
    try {
      return certificateSha256(new X509Certificate(root))
    } catch (cause) {
      throw new TrustError('a root in it cannot be read', { cause })
    }
  })
  if (!hashes.includes(caHash)) throw new TrustError('the root that the invite names is not in it')
}
