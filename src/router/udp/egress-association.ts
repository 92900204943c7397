/**
 * The backend's end of an association, if the policies of the service let the client: chooses a backend of the exported port, and another one when nobody listens at
 * the first. Silence is consent: a backend of a one-way protocol never answers.
 */
import {
  type FlowChannel,
  FlowCondition,
  type FlowError,
  type FlowRequest,
} from '../../amqp/flow-transport.ts'
import type { ExportedPort, RouteSnapshot } from '../../api/route-snapshot.ts'
import { ProxyProtocol, type TrafficSettings } from '../../api/traffic-settings.ts'
import { errorCode } from '../../core/errors.ts'
import type { SnapshotSource } from '../../core/snapshot.ts'
import type { Deadlines } from '../deadlines.ts'
import type { BackendPool } from '../endpoints/backend-pool.ts'
import type { Endpoint } from '../endpoints/endpoint.ts'
import {
  describeTarget,
  exportedPort,
  isOf,
  requestedTarget,
  type ServiceTarget,
  trafficOf,
} from '../endpoints/service-target.ts'
import type { FlowEnding } from '../flow-end.ts'
import { believedClient, type FlowAttempt } from '../flow-log.ts'
import type { FlowSource } from '../global/flow-source.ts'
import type { GlobalSources } from '../global/global-sources.ts'
import { accessClient, Guard, type Guarded } from '../policy/guard.ts'
import type { PolicyGate } from '../policy/policy-gate.ts'
import { flowHeader } from '../proxy-protocol/flow-header.ts'
import { Association, type AssociationDeps } from './association.ts'
import { BackendSocket, type BackendSocketOwner } from './backend-socket.ts'
import { EGRESS_IDLE_MS } from './limits.ts'
import { DropReason } from './udp-stats.ts'

export interface EgressAssociationDeps extends AssociationDeps {
  /** This router's own cluster id. */
  readonly cluster: string
  readonly snapshot: SnapshotSource<RouteSnapshot>
  readonly backends: BackendPool
  readonly gate: PolicyGate
  /** All that are open: a socket each. */
  readonly open: Set<EgressAssociation>
  /** Those whose backend may still refuse. */
  readonly settling: Deadlines<EgressAssociation>
  /** Absent: backends see the router's address. */
  readonly globalSources: GlobalSources | undefined
}

/** Errors of this machine and not of the backend. */
const OWN_FAULTS: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'EADDRINUSE', 'ENOBUFS', 'ENOMEM'])

export class EgressAssociation extends Association implements BackendSocketOwner, Guarded {
  readonly #deps: EgressAssociationDeps
  readonly #peer: string
  readonly #request: FlowRequest
  readonly #target: ServiceTarget
  readonly #settings: TrafficSettings
  readonly #guard: Guard
  readonly #attempts: FlowAttempt[] = []
  #tried: string[] = []
  /** As it was when the backend was chosen, or has been seen since. */
  #exported: ExportedPort | undefined
  #backend: Endpoint | undefined
  #socket: BackendSocket | undefined
  /** Goes in front of each datagram: a server of datagrams knows no first one. */
  #header: Buffer | undefined
  /** Of the client's global address, when it has one that is believed. */
  readonly #source: FlowSource | undefined
  #answered = false

  constructor(deps: EgressAssociationDeps, peer: string, request: FlowRequest, channel: FlowChannel) {
    const target = requestedTarget(deps.cluster, request)
    const settings = trafficOf(deps.snapshot.current(), target.service)
    super(deps, Math.max(settings.udpIdleMs, EGRESS_IDLE_MS))
    this.#deps = deps
    this.#peer = peer
    this.#request = request
    this.#target = target
    this.#settings = settings
    this.#source = deps.globalSources?.sourceOf(peer, request.client, 'UDP')
    this.#guard = new Guard(deps.gate, accessClient(peer, request.client), this)
    this.channel = channel
    this.begin()
    deps.open.add(this)
    if (this.#exportedNow() === undefined || this.#guard.enter(target.service)) this.#connectNext(undefined)
  }

  accessChanged(): void {
    this.#guard.renew()
  }

  /** Datagrams do not wait: those beyond a limit are dropped. */
  bytesAllowed(): void {}

  /** Whether a limit leaves room for the datagram; one without room is counted as dropped. */
  #isWithinLimits({ length }: Buffer): boolean {
    const { pass } = this.#guard
    if (!pass.isMetered) return true
    if (pass.debtor === undefined) {
      pass.spend(length)
      return true
    }
    this.drop(DropReason.policyLimit)
    return false
  }

  /** Turns to the next backend; `failure` tells why the last one did not do. */
  #connectNext(failure: string | undefined): void {
    const what = describeTarget(this.#target)
    const exported = this.#exportedNow()
    this.#exported = exported
    if (exported === undefined) {
      this.#refuse(FlowCondition.notExported, `${what} is not exported`)
      return
    }
    const client = { cluster: this.#peer, address: this.#request.client.address }
    const mayTry = this.#tried.length <= this.#settings.retries
    const next = mayTry ? this.#deps.backends.choose(exported, this.#target, client, this.#tried) : undefined
    if (next !== undefined) this.#connect(next, exported.proxyProtocol)
    else if (failure !== undefined) this.#refuse(FlowCondition.connectFailed, failure)
    else this.#refuse(FlowCondition.noBackend, `${what} has no ready backend`)
  }

  #exportedNow(): ExportedPort | undefined {
    return exportedPort(this.#deps.snapshot.current().exports, this.#target)
  }

  /** A client may speak for ever: unlike a connection it is moved when its backend is gone, as kube-proxy does. */
  exportsChanged(): void {
    const exported = this.#exportedNow()
    if (!this.isOpen || exported === this.#exported) return
    this.#exported = exported
    if (exported !== undefined && this.#mayStay(exported)) return
    this.#tried = []
    this.#answered = false
    this.#dropBackend()
    this.#connectNext(undefined)
  }

  /** One that terminates and still answers keeps its clients; one that is no longer the endpoint asked for does not. */
  #mayStay({ backends }: ExportedPort): boolean {
    const { address, port } = this.#backend ?? {}
    return backends.some(
      (backend) =>
        backend.address === address &&
        backend.port === port &&
        (backend.ready || backend.serving) &&
        isOf(backend, this.#target),
    )
  }

  #connect(backend: Endpoint, proxyProtocol: ProxyProtocol): void {
    this.#backend = backend
    // Version 1 is for TCP only.
    this.#header = proxyProtocol === ProxyProtocol.v2 ? this.#headerFor(backend) : undefined
    if (this.#source === undefined) this.#open(backend)
    else this.#openFrom(this.#source, backend)
  }

  #openFrom(source: FlowSource, backend: Endpoint): void {
    source.acquire(backend, {
      connect: (localPort) => this.#open(backend, localPort),
      refused: (description) => this.#refuse(FlowCondition.overloaded, description),
    })
  }

  #open(backend: Endpoint, localPort?: number): void {
    this.#socket = new BackendSocket(this, backend.address, backend.port, localPort)
    for (const datagram of this.first.kept) this.#send(datagram)
    if (this.first.open) this.#deps.settling.add(this)
  }

  #headerFor(backend: Endpoint): Buffer {
    const flow = this.channel?.id ?? ''
    const globalAddress = this.#source?.address
    return flowHeader(ProxyProtocol.v2, this.#request, { cluster: this.#peer, flow, backend, globalAddress })
  }

  // From the client

  protected override deliver(datagram: Buffer): void {
    if (!this.#isWithinLimits(datagram)) return
    const isKept = this.first.open && this.first.keep(datagram)
    // Once there is a socket it gets all that is kept.
    if (!isKept || this.#source?.waiting !== true) this.#send(datagram)
  }

  #send(datagram: Buffer): void {
    const failure = this.#socket === undefined ? DropReason.ended : this.#socket.send(datagram, this.#header)
    if (failure === undefined) this.delivered(datagram)
    else this.drop(failure)
  }

  notSent(reason: DropReason): void {
    this.drop(reason)
  }

  // From the backend

  fromBackend(datagram: Buffer): void {
    if (!this.#answered) this.#firstAnswer()
    if (this.#isWithinLimits(datagram)) this.forward(datagram)
  }

  #firstAnswer(): void {
    this.#answered = true
    this.markAnswered()
    if (this.#backend !== undefined) this.#deps.backends.connected(this.#backend)
    this.settled()
  }

  /** The backend has it: it answered, or had time enough to refuse. */
  settled(): void {
    if (!this.first.open) return
    this.#deps.settling.delete(this)
    this.first.release()
    this.markConnected()
    this.channel?.accept()
  }

  backendFailed(error: Error): void {
    const code = errorCode(error) ?? error.message
    if (this.#source?.isTaken(code) === true && this.#backend !== undefined) {
      this.#moveOver(this.#source, this.#backend)
      return
    }
    const to = this.#backend?.name ?? ''
    const failure = `${to}: ${code}`
    this.#attempts.push({ to, reason: code })
    if (OWN_FAULTS.has(code)) this.#refuse(FlowCondition.overloaded, failure)
    else if (this.#answered) this.#refuse(FlowCondition.connectFailed, failure)
    else this.#moveOn(failure)
  }

  /** To another port, for this one is in use. */
  #moveOver(source: FlowSource, backend: Endpoint): void {
    this.#socket?.close()
    this.#socket = undefined
    source.passOver()
    this.#openFrom(source, backend)
  }

  /** One that was taken for good begins to count anew: backends may come and go while a client only sends. */
  #moveOn(failure: string): void {
    if (!this.first.open) this.#tried = this.#tried.slice(-1)
    if (this.#backend !== undefined) this.#deps.backends.failed(this.#backend, this.#settings)
    this.#dropBackend()
    this.#connectNext(failure)
  }

  #dropBackend(): void {
    this.#deps.settling.delete(this)
    this.#socket?.close()
    this.#socket = undefined
    this.#source?.release(false)
    if (this.#backend !== undefined) this.#deps.backends.release(this.#backend)
    this.#backend = undefined
  }

  #refuse(condition: string, description: string): void {
    const error: FlowError = { condition, description }
    this.kill(error)
  }

  protected override left(): void {
    this.#deps.settling.delete(this)
    this.#socket?.close()
    this.#socket = undefined
    this.#source?.release(false)
  }

  protected override finished(ending: FlowEnding): void {
    const backend = this.#backend?.name ?? ''
    this.#guard.leave()
    this.#dropBackend()
    this.#deps.open.delete(this)
    this.#deps.flowLog?.({
      side: 'egress',
      ...this.recordOf(this.#request, ending),
      client: believedClient(this.#request.client, this.#peer, this.#source?.address),
      cluster: this.#deps.cluster,
      backend,
      attempts: this.#attempts,
      policies: this.#guard.refusedBy,
      clientBytes: this.fromFar,
      backendBytes: this.fromSocket,
    })
  }
}
