/**
 * A session: its windows, its handles in both directions, and the dispatch of link performatives to flows.
 */
import type { ByteBudget } from '../../core/byte-budget.ts'
import type { Logger } from '../../core/log.ts'
import type { Attach, Begin, Detach, Flow as FlowFrame, Performative, Role } from '../codec/performatives.ts'
import { TRANSFER_HEADER_SIZE, type TransferHead } from '../codec/transfer.ts'
import { AmqpError, Condition } from '../errors.ts'
import type { FlowAcceptor, FlowError, FlowHandler, FlowRequest } from '../flow-transport.ts'
import type { AckTimer } from './ack-timer.ts'
import type { ConnectionConfig } from './config.ts'
import type { ConnectionParts } from './connection-parts.ts'
import { DeliveryPieces } from './delivery-pieces.ts'
import type { Flow } from './flow.ts'
import type { FlowLinks, PairingHost } from './flow-host.ts'
import { IncomingFlows } from './incoming-flows.ts'
import { believed, type Link, type LinkOwner } from './link.ts'
import { LinkTable } from './link-table.ts'
import { type OpeningHost, OutgoingFlows } from './outgoing-flows.ts'
import type { OutputQueue } from './output-queue.ts'
import type { Peer } from './peer.ts'
import type { Turn } from './pump.ts'
import type { Grant } from './receive-window.ts'
import type { SendBudget } from './send-budget.ts'
import { SessionFlows } from './session-flows.ts'
import { SessionWindow } from './session-window.ts'
import { Settlements } from './settlements.ts'
import type { WindowPool } from './window-pool.ts'

/** What a session needs of its connection. */
export interface SessionDeps {
  readonly parts: ConnectionParts
  readonly log: Logger
  readonly accept: FlowAcceptor
  /** The peer says that it is draining. */
  readonly onDraining: () => void
  /** Monotonic milliseconds. */
  readonly now: () => number
}

export class Session implements PairingHost, OpeningHost, Turn {
  readonly channel: number
  readonly log: Logger
  /** The channel the peer sends on; -1 until its begin came. */
  remoteChannel = -1
  queued = false
  next: Turn | undefined
  /** We sent end: whatever still comes is ignored. */
  ended = false
  readonly #parts: ConnectionParts
  readonly #window: SessionWindow
  readonly #links: LinkTable
  readonly #pieces: DeliveryPieces
  readonly #flows: SessionFlows
  readonly #incoming: IncomingFlows
  readonly #outgoing: OutgoingFlows
  readonly #settlements = new Settlements()
  #peer: Peer | undefined
  /** A flow found the peer's window closed. */
  #starved = false

  constructor(deps: SessionDeps, config: ConnectionConfig, channel: number) {
    this.#parts = deps.parts
    this.log = deps.log
    this.channel = channel
    this.#window = new SessionWindow(config.initialOutgoingId, config.incomingWindow)
    this.#links = new LinkTable(config.maxFlows * 2)
    this.#pieces = new DeliveryPieces(this.#parts, this.#window, channel)
    this.#flows = new SessionFlows({
      window: this.#window,
      send: (flow) => this.send(flow),
      onDraining: deps.onDraining,
      onEchoed: () => this.#parts.roundTrip.answered(),
    })
    this.#incoming = new IncomingFlows(this, deps.accept, deps.now)
    this.#outgoing = new OutgoingFlows(this, this.#links, config.side.slice(0, 1), config.maxFlows)
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
    return this.#parts.budget
  }

  get acks(): AckTimer {
    return this.#parts.acks
  }

  get buffers(): ByteBudget {
    return this.#parts.buffers
  }

  get windows(): WindowPool {
    return this.#parts.windows
  }

  get maxPayload(): number {
    return this.#parts.outbox.maxFrameSize - TRANSFER_HEADER_SIZE
  }

  schedule(turn: Turn): void {
    if (this.mapped) this.#parts.pump.schedule(turn)
  }

  canSend(size: number): boolean {
    const room =
      this.#window.room > 0 && (size <= this.maxPayload || this.#pieces.count(size) <= this.#window.room)
    this.#starved ||= !room
    return room
  }

  sendDelivery(handle: number, size: number, queue: OutputQueue): void {
    const { outbox, budget, counters } = this.#parts
    if (size > this.maxPayload) this.#pieces.send(handle, size, queue)
    else {
      outbox.transfer(this.channel, handle, this.#window.takeDelivery(1), size)
      queue.shift(size, outbox)
      counters.transfersSent += 1
    }
    budget.remove(size)
    counters.bytesSent += size
  }

  sendLinkState(link: Link, state: Grant): void {
    this.send({ kind: 'flow', ...this.#window.flow(), handle: link.handle, ...state })
  }

  send(performative: Performative): void {
    this.#parts.outbox.frame(this.channel, performative)
  }

  settle(deliveryId: number): void {
    this.#settlements.add(deliveryId)
    this.schedule(this)
  }

  started(): void {
    this.#parts.counters.openFlows += 1
  }

  finished(): void {
    this.#parts.counters.openFlows -= 1
  }

  released(flow: FlowLinks): void {
    for (const link of flow.links) if (link !== undefined) this.#links.remove(link)
    this.#incoming.remove(flow)
  }

  offered(): void {
    this.#parts.counters.flowsAccepted += 1
  }

  countDropped(): void {
    this.#parts.counters.datagramsDropped += 1
  }

  countReceived(bytes: number): void {
    this.#parts.counters.bytesReceived += bytes
  }

  // Turn: what the session itself has to say

  takeTurn(): boolean {
    this.sendSettlements()
    this.#flows.takeTurn()
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
    if (this.channel === 0) this.#parts.roundTrip.ask(0)
    this.#outgoing.begin()
    if (this.#flows.drainOwed) this.drain()
  }

  /** Asks a router of ours for an answer, which tells the round trip; false when it cannot be asked. */
  sendEcho(): boolean {
    if (!this.mapped || !this.peer.ours) return false
    this.#flows.sendEcho()
    this.#parts.pump.request()
    return true
  }

  /** Tells a router of ours that we take no new flows. */
  drain(): void {
    if (this.#peer?.ours === false) return
    this.#flows.drainOwed = true
    this.schedule(this)
  }

  /** Opens a flow; it waits when the session does not stand yet. */
  open(request: FlowRequest, makeHandler: (channel: Flow) => FlowHandler): Flow {
    this.#parts.counters.flowsOpened += 1
    return this.#outgoing.open(request, makeHandler)
  }

  /** Ends all flows: the session or what carries it is gone. */
  lose(error: FlowError): void {
    this.ended = true
    this.#outgoing.lose(error)
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
    if (this.#starved && this.#window.room > 0) this.#wakeAll()
    if (flow.handle !== undefined) {
      const link = this.#links.at(flow.handle)
      link.owner.onFlow(link, flow)
    } else if (this.#flows.received(flow, this.peer.ours)) this.#parts.pump.request()
  }

  onTransfer(head: TransferHead): LinkOwner {
    this.#window.onTransfer()
    if (this.#window.refreshDue) this.schedule(this)
    const link = this.#links.at(head.handle)
    if (link.role !== 'receiver') {
      throw new AmqpError(Condition.notAllowed, 'transfer on a link of ours to send on', 'session')
    }
    this.#parts.counters.transfersReceived += 1
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

  #wakeAll(): void {
    this.#starved = false
    for (const link of this.#links) this.schedule(link.owner)
  }
}
