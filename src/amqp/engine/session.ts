/**
 * A session: its windows, its handles in both directions, and the dispatch of link performatives to flows.
 */
import type { Logger } from '../../core/log.ts'
import type { Attach, Begin, Detach, Flow as FlowFrame, Performative, Role } from '../codec/performatives.ts'
import { TRANSFER_HEADER_SIZE, type TransferHead } from '../codec/transfer.ts'
import { AmqpError, Condition } from '../errors.ts'
import {
  type FlowAcceptor,
  FlowCondition,
  type FlowError,
  type FlowHandler,
  type FlowRequest,
} from '../flow-transport.ts'
import type { AckTimer } from './ack-timer.ts'
import type { ConnectionConfig } from './config.ts'
import type { ConnectionCounters } from './counters.ts'
import { Flow } from './flow.ts'
import type { FlowLinks, PairingHost } from './flow-host.ts'
import { IncomingFlows } from './incoming-flows.ts'
import { believed, type Link, type LinkOwner } from './link.ts'
import { LinkTable } from './link-table.ts'
import type { Outbox } from './outbox.ts'
import type { Peer } from './peer.ts'
import type { Pump, Turn } from './pump.ts'
import type { Grant } from './receive-window.ts'
import type { SendBudget } from './send-budget.ts'
import type { SendQueue } from './send-queue.ts'
import { addressOf, linkName } from './service-address.ts'
import { SessionWindow } from './session-window.ts'
import { Settlements } from './settlements.ts'
import type { WindowPool } from './window-pool.ts'

/** What a session needs of its connection. */
export interface SessionDeps {
  readonly log: Logger
  readonly accept: FlowAcceptor
  readonly outbox: Outbox
  readonly pump: Pump
  readonly budget: SendBudget
  readonly windows: WindowPool
  readonly acks: AckTimer
  readonly counters: ConnectionCounters
  /** Monotonic milliseconds. */
  readonly now: () => number
}

export class Session implements PairingHost, Turn {
  readonly channel: number
  /** The channel the peer sends on; -1 until its begin came. */
  remoteChannel = -1
  queued = false
  next: Turn | undefined
  /** We sent end: whatever still comes is ignored. */
  ended = false
  readonly #deps: SessionDeps
  readonly #config: ConnectionConfig
  readonly #window: SessionWindow
  readonly #links: LinkTable
  /** Flows opened before the session stood. */
  #early: Flow[] = []
  readonly #incoming: IncomingFlows
  readonly #settlements = new Settlements()
  #peer: Peer | undefined
  #opened = 0
  /** A flow found the peer's window closed. */
  #starved = false

  constructor(deps: SessionDeps, config: ConnectionConfig, channel: number) {
    this.#deps = deps
    this.#config = config
    this.channel = channel
    this.#window = new SessionWindow(config.initialOutgoingId, config.incomingWindow)
    this.#links = new LinkTable(config.maxFlows * 2)
    this.#incoming = new IncomingFlows(this, deps.accept, deps.now)
  }

  /** Both begins went by. */
  get mapped(): boolean {
    return this.#peer !== undefined && !this.ended
  }

  // FlowHost

  get peer(): Peer {
    if (this.#peer === undefined) throw new AmqpError(Condition.illegalState, 'session has not begun')
    return this.#peer
  }

  get budget(): SendBudget {
    return this.#deps.budget
  }

  get acks(): AckTimer {
    return this.#deps.acks
  }

  get log(): Logger {
    return this.#deps.log
  }

  get windows(): WindowPool {
    return this.#deps.windows
  }

  get maxPayload(): number {
    return this.#deps.outbox.maxFrameSize - TRANSFER_HEADER_SIZE
  }

  schedule(turn: Turn): void {
    if (this.mapped) this.#deps.pump.schedule(turn)
  }

  canSend(): boolean {
    this.#starved ||= !this.#window.open
    return this.#window.open
  }

  sendTransfer(handle: number, size: number, queue: SendQueue): void {
    const { outbox, budget, counters } = this.#deps
    outbox.transfer(this.channel, handle, this.#window.takeOutgoing(), size)
    queue.shift(size, outbox)
    budget.remove(size)
    counters.bytesSent += size
    counters.transfersSent += 1
  }

  sendLinkState(link: Link, state: Grant): void {
    this.send({ kind: 'flow', ...this.#window.flow(), handle: link.handle, ...state })
  }

  send(performative: Performative): void {
    this.#deps.outbox.frame(this.channel, performative)
  }

  settle(deliveryId: number): void {
    this.#settlements.add(deliveryId)
    this.schedule(this)
  }

  started(): void {
    this.#deps.counters.openFlows += 1
  }

  finished(): void {
    this.#deps.counters.openFlows -= 1
  }

  released(flow: FlowLinks): void {
    for (const link of flow.links) if (link !== undefined) this.#links.remove(link)
    this.#incoming.remove(flow)
  }

  offered(): void {
    this.#deps.counters.flowsAccepted += 1
  }

  countReceived(bytes: number): void {
    this.#deps.counters.bytesReceived += bytes
  }

  // Turn: what the session itself has to say

  takeTurn(): boolean {
    this.sendSettlements()
    if (this.#window.refreshDue) this.send({ kind: 'flow', ...this.#window.flow() })
    return false
  }

  sendSettlements(): void {
    for (const range of this.#settlements.take()) this.send(range)
  }

  // Life

  /** Sends our begin; with a remote channel it answers the peer's. */
  sendBegin(remoteChannel?: number): void {
    const { handleMax } = this.#links
    this.send({ kind: 'begin', remoteChannel, ...this.#window.begin(), handleMax })
  }

  /** The peer's begin: from here on flows may go. */
  onBegin(begin: Begin, remoteChannel: number, peer: Peer): void {
    this.remoteChannel = remoteChannel
    this.#window.onBegin(begin)
    this.#links.limit(begin.handleMax)
    this.#peer = peer
    const early = this.#early
    this.#early = []
    for (const flow of early) this.#attach(flow)
  }

  /** Opens a flow; it waits when the session does not stand yet. */
  open(request: FlowRequest, makeHandler: (channel: Flow) => FlowHandler): Flow {
    this.#opened += 1
    const flow = new Flow(this, `${this.#config.side[0]}${this.#opened.toString(36)}`, request)
    flow.setHandler(makeHandler(flow))
    this.#deps.counters.flowsOpened += 1
    if (this.mapped) this.#attach(flow)
    else if (this.#early.length < this.#config.maxFlows) this.#early.push(flow)
    else refuse(flow)
    return flow
  }

  /** Ends all flows: the session or what carries it is gone. */
  lose(error: FlowError): void {
    this.ended = true
    const early = this.#early
    this.#early = []
    for (const flow of early) flow.lose(error)
    for (const link of [...this.#links]) link.owner.lose(error)
  }

  /** Refuses flows whose second link has not come in time. */
  expire(): void {
    this.#incoming.expire()
  }

  // What the peer sends

  onAttach(attach: Attach): void {
    this.#links.checkUnbound(attach.handle)
    const link = this.#links.takeAnswered(attach) ?? this.#incoming.attach(attach)
    link.attachReceived = true
    this.#links.bind(attach.handle, link)
    if (link.owner.isOpener) link.owner.onAttachAnswer(link, attach)
  }

  onFlow(flow: FlowFrame): void {
    this.#window.onFlow(flow)
    if (this.#starved && this.#window.open) this.#wakeAll()
    if (flow.handle !== undefined) {
      const link = this.#links.at(flow.handle)
      link.owner.onFlow(link, flow)
    } else if (flow.echo === true) {
      this.send({ kind: 'flow', ...this.#window.flow() })
      this.#deps.pump.request()
    }
  }

  onTransfer(head: TransferHead): LinkOwner {
    this.#window.onTransfer()
    if (this.#window.refreshDue) this.schedule(this)
    const link = this.#links.at(head.handle)
    if (link.role !== 'receiver') {
      throw new AmqpError(Condition.notAllowed, 'transfer on a link of ours to send on', 'session')
    }
    this.#deps.counters.transfersReceived += 1
    link.owner.onTransfer(link, head)
    return link.owner
  }

  onDetach(detach: Detach): void {
    const link = this.#links.unbind(detach.handle)
    link.detachReceived = true
    link.failed = detach.error !== undefined
    link.owner.onDetach(link, detach.error && believed(detach.error))
  }

  // Links

  newLink(owner: LinkOwner, name: string, role: Role, address: string | undefined): Link {
    return this.#links.add(owner, name, role, address)
  }

  get full(): boolean {
    return this.#links.room < this.#incoming.halves + 2
  }

  get overfull(): boolean {
    return this.#links.roomForRefusals < 1
  }

  #attach(flow: Flow): void {
    if (flow.request === undefined) return
    if (this.full) {
      refuse(flow)
      return
    }
    const address = addressOf(flow.request)
    const output = this.newLink(flow, linkName(flow.id, 'sender'), 'sender', address)
    const input = this.newLink(flow, linkName(flow.id, 'receiver'), 'receiver', address)
    this.#links.expectAnswer(output)
    this.#links.expectAnswer(input)
    flow.addLinks(output, input)
  }

  #wakeAll(): void {
    this.#starved = false
    for (const link of this.#links) this.schedule(link.owner)
  }
}

/** From a task of its own: the owner may still be in `open`. */
function refuse(flow: Flow): void {
  setImmediate(() => flow.lose({ condition: FlowCondition.overloaded, description: 'no handle is free' }))
}
