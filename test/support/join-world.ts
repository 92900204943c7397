/** A cluster that founded a clusterset and invites, and clusters that join, each on an embedded API server. */

import { X509Certificate } from 'node:crypto'
import { request as httpsRequest } from 'node:https'
import type { Invite, JoinRequest } from '../../src/api/invite.ts'
import type { ClusterProperty } from '../../src/api/mcs.ts'
import { SYSTEM_NAMESPACE } from '../../src/api/names.ts'
import type { Service } from '../../src/api/objects.ts'
import { Resource } from '../../src/api/resources.ts'
import { type RevokedCluster, TRUST, type Trust } from '../../src/api/trust.ts'
import { type Clock, systemClock } from '../../src/core/clock.ts'
import { type Logger, silentLogger } from '../../src/core/log.ts'
import { createMetrics, type Metrics } from '../../src/core/metrics.ts'
import type { NewEvent } from '../../src/kube/events.ts'
import { reflect } from '../../src/kube/reflector.ts'
import type { KeyPair } from '../../src/pki/certificates.ts'
import { createClusterAuthority, requestAuthority } from '../../src/pki/cluster-authority.ts'
import { createRoot } from '../../src/pki/clusterset-root.ts'
import { saveAuthority } from '../../src/trust/authority-secret.ts'
import { readInviteFile } from '../../src/trust/join/invite-files.ts'
import { Inviting, type InvitingConfig } from '../../src/trust/join/inviting.ts'
import { joins } from '../../src/trust/join/joins.ts'
import type { RedemptionAnswer, RefusalAnswer } from '../../src/trust/join/redemption-message.ts'
import { memberOf, registerMember } from '../../src/trust/members.ts'
import { rootValues } from '../../src/trust/root-secret.ts'
import { type SecretObject, writeSecret } from '../../src/trust/secrets.ts'
import { trustStores } from '../../src/trust/trust-stores.ts'
import { ApiCluster } from './api-cluster.ts'
import { eventually } from './eventually.ts'

export const SET = 'harbour'
const namespace = SYSTEM_NAMESPACE

/** Events that a part has recorded. */
export interface Recorded extends NewEvent {
  readonly about: string
}

/** The system's clock, with wall time that can be moved on. */
export class MovedClock implements Clock {
  #by = 0
  readonly monotonic = systemClock.monotonic
  readonly sleep = systemClock.sleep
  readonly after = systemClock.after
  readonly every = systemClock.every

  now(): number {
    return systemClock.now() + this.#by
  }

  move(ms: number): void {
    this.#by += ms
  }
}

/** What the redemption port said, byte for byte as far as HTTP goes. */
export interface PortReply {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: string
}

export class FoundingCluster implements AsyncDisposable {
  readonly api: ApiCluster
  readonly root: KeyPair
  readonly authority: KeyPair
  readonly clock = new MovedClock()
  readonly metrics: Metrics = createMetrics()
  readonly events: Recorded[] = []
  readonly #log: Logger
  readonly #parts: { stop(): Promise<void> }[] = []
  readonly #inviting: Inviting[] = []

  private constructor(api: ApiCluster, root: KeyPair, authority: KeyPair, log: Logger) {
    this.api = api
    this.root = root
    this.authority = authority
    this.#log = log
  }

  /** `replicas` controllers, the first of which leads. */
  static async start(
    replicas = 1,
    config: Partial<InvitingConfig> = {},
    log: Logger = silentLogger,
  ): Promise<FoundingCluster> {
    const api = await ApiCluster.start({ durable: true })
    await api.namespace(namespace)
    const root = await createRoot({ clusterset: SET, days: 100 })
    const authority = await createClusterAuthority(root, { clusterset: SET, cluster: 'east', days: 10 })
    const founding = new FoundingCluster(api, root, authority, log)
    await founding.#found()
    for (let replica = 0; replica < replicas; replica++) await founding.#replica(replica === 0, config)
    return founding
  }

  port(replica = 0): number {
    return this.#inviting[replica]?.port ?? 0
  }

  /** Makes an Invite and waits until it is ready; its code. */
  async invite(name: string, spec: NonNullable<Invite['spec']> = {}): Promise<string> {
    const url = `https://127.0.0.1:${this.port()}`
    await this.api.client.create<Invite>(Resource.invite, {
      metadata: { namespace, name },
      spec: { url, endpoints: [{ host: 'east.example', port: 5671 }], ...spec },
    })
    return await this.code(name)
  }

  /** The file of an invite. */
  file(name: string): Promise<string> {
    return eventually(async () => {
      const text = await readInviteFile(this.api.client, namespace, name)
      if (text === undefined) throw new Error(`there is no file of invite ${name}`)
      return text
    })
  }

  async code(name: string): Promise<string> {
    const [, code] = /"([A-Za-z0-9_-]{43})"/.exec(await this.file(name)) ?? []
    await eventually(async () => (await this.status(name)).codeHash !== undefined)
    return code ?? ''
  }

  async status(name: string): Promise<NonNullable<Invite['status']>> {
    return (await this.api.client.get<Invite>(Resource.invite, { namespace, name }))?.status ?? {}
  }

  async revoke(...revoked: RevokedCluster[]): Promise<void> {
    await this.api.client.patch(Resource.trust, { namespace, name: TRUST }, 'merge', { spec: { revoked } })
  }

  /** Stops the API server while `action` runs. */
  async awayDuring(action: () => Promise<void>): Promise<void> {
    await this.api.restart(action)
  }

  async members(): Promise<string[]> {
    const trust = await this.api.client.get<Trust>(Resource.trust, { namespace, name: TRUST })
    return (trust?.status?.members ?? []).map(({ cluster }) => cluster)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const part of this.#parts.reverse()) await part.stop()
    await this.api[Symbol.asyncDispose]()
  }

  async #found(): Promise<void> {
    const { client } = this.api
    await client.create<Trust>(Resource.trust, {
      metadata: { namespace, name: TRUST },
      spec: { found: true },
    })
    const roots = rootValues({ active: this.root })
    await writeSecret(client, { namespace, name: 'fairlead-root' }, undefined, roots)
    await saveAuthority(client, namespace, {
      roots: this.root.certPem,
      certificate: this.authority.certPem,
      key: this.authority.keyPem,
    })
    const member = memberOf(new X509Certificate(this.authority.certPem))
    await registerMember({ client, clock: this.clock, namespace }, member, () => false)
  }

  async #replica(leads: boolean, config: Partial<InvitingConfig>): Promise<void> {
    const { client } = this.api
    const stores = trustStores({ client, clock: this.clock, log: this.#log }, namespace)
    const services = reflect<Service>({ client, clock: this.clock, log: this.#log }, Resource.service)
    const events = {
      record: (object: { metadata: { name?: string } }, event: NewEvent) =>
        void this.events.push({ ...event, about: object.metadata.name ?? '' }),
    }
    const inviting = new Inviting(
      {
        client,
        services,
        stores,
        events,
        metrics: leads ? this.metrics : createMetrics(),
        clock: this.clock,
        log: this.#log,
      },
      { namespace, host: '127.0.0.1', port: 0, rate: NO_RATE, ...config },
    )
    const watches = [services, stores.root, stores.authority, stores.trusts]
    for (const watch of watches) await watch.start()
    await inviting.start()
    this.#parts.push(...watches, inviting)
    this.#inviting.push(inviting)
    await eventually(() => inviting.port !== undefined)
    if (!leads) return
    const leader = inviting.leader()
    await leader.start()
    this.#parts.push(leader)
  }
}

/** Tests come often, and from one address. */
const NO_RATE = {
  source: { perSecond: 1e6, burst: 1e6 },
  total: { perSecond: 1e6, burst: 1e6 },
  maxSources: 16,
}

/** A cluster whose controller leads and looks at JoinRequests. */
export class JoiningCluster implements AsyncDisposable {
  readonly api: ApiCluster
  readonly metrics: Metrics = createMetrics()
  readonly events: Recorded[] = []
  readonly lines: string[] = []
  #parts: { start(): Promise<void>; stop(): Promise<void> }[] = []

  private constructor(api: ApiCluster) {
    this.api = api
  }

  static async start(): Promise<JoiningCluster> {
    const api = await ApiCluster.start()
    await api.namespace(namespace)
    const cluster = new JoiningCluster(api)
    await cluster.startController()
    return cluster
  }

  async startController(): Promise<void> {
    const { client } = this.api
    const log = silentLogger
    const properties = reflect<ClusterProperty>({ client, clock: systemClock, log }, Resource.clusterProperty)
    const events = {
      record: (object: { metadata: { name?: string } }, event: NewEvent) =>
        void this.events.push({ ...event, about: object.metadata.name ?? '' }),
    }
    const metrics = createMetrics()
    const part = joins({ client, properties, events, metrics, clock: systemClock, log }, namespace)
    this.#parts = [properties, part]
    for (const each of this.#parts) await each.start()
  }

  async stopController(): Promise<void> {
    for (const each of this.#parts.reverse()) await each.stop()
    this.#parts = []
  }

  /** Applies the objects of an invite's file, as kubectl would. */
  async apply(documents: readonly object[], spec: Partial<JoinRequest['spec']> = {}): Promise<void> {
    const [secret, request] = documents as [
      SecretObject & { stringData: Record<string, string> },
      JoinRequest,
    ]
    await this.api.client.apply(Resource.secret, secret, { fieldManager: 'kubectl' })
    const wanted: JoinRequest = { ...request, spec: { ...request.spec, ...spec } }
    await this.api.client.apply(Resource.joinRequest, wanted, { fieldManager: 'kubectl' })
  }

  async condition(name: string): Promise<{ status: string; reason: string; message: string }> {
    const ref = { namespace, name }
    const found = await this.api.client.get<JoinRequest>(Resource.joinRequest, ref)
    const [condition] = found?.status?.conditions ?? []
    if (condition === undefined) throw new Error('there is no condition yet')
    return condition
  }

  /** Waits until condition Redeemed has this reason; its message. */
  async reached(name: string, reason: string, within = 20_000): Promise<string> {
    return await eventually(
      async () => {
        const condition = await this.condition(name)
        if (condition.reason !== reason) throw new Error(`${condition.reason}: ${condition.message}`)
        return condition.message
      },
      { within },
    )
  }

  async secrets(): Promise<string[]> {
    const { items } = await this.api.client.list(Resource.secret, { namespace })
    return items.map(({ metadata }) => metadata.name ?? '').sort()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopController()
    await this.api[Symbol.asyncDispose]()
  }
}

/** A certificate request for a cluster, with a new key or a given one. */
export async function requestFor(cluster: string, clusterset = SET, key?: string): Promise<string> {
  return (await requestAuthority({ clusterset, cluster }, key)).requestPem
}

/** One request to a redemption port, by whoever does not care who answers. */
export function post(
  port: number,
  body: string | Buffer,
  { path = '/v1/join', method = 'POST' }: { path?: string; method?: string } = {},
): Promise<PortReply> {
  return new Promise((resolve, reject) => {
    const asked = httpsRequest(
      { host: '127.0.0.1', port, path, method, rejectUnauthorized: false, agent: false },
      (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (piece: string) => {
          text += piece
        })
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.rawHeaders, body: text }),
        )
        response.on('error', reject)
      },
    )
    asked.on('error', reject)
    asked.end(body)
  })
}

/** Redeems a code; the parsed answer or refusal. */
export async function redeem(
  port: number,
  code: string,
  request: string,
): Promise<{ status: number; value: Partial<RedemptionAnswer & RefusalAnswer> }> {
  const { status, body } = await post(port, JSON.stringify({ code, request }))
  return { status, value: body === '' ? {} : (JSON.parse(body) as RedemptionAnswer) }
}
