/**
 * What a flow needs of the session it lives in.
 */

import type { ByteBudget } from '../../core/byte-budget.ts'
import type { Logger } from '../../core/log.ts'
import type { Performative, Role } from '../codec/performatives.ts'
import type { AckTimer } from './ack-timer.ts'
import type { Link, LinkOwner } from './link.ts'
import type { OutputQueue } from './output-queue.ts'
import type { Peer } from './peer.ts'
import type { Turn } from './pump.ts'
import type { Grant } from './receive-window.ts'
import type { SendBudget } from './send-budget.ts'
import type { WindowPool } from './window-pool.ts'

export interface FlowHost {
  readonly peer: Peer
  readonly budget: SendBudget
  /** What our receivers grant. */
  readonly windows: WindowPool
  readonly acks: AckTimer
  /** Bytes that all connections of the process buffer. */
  readonly buffers: ByteBudget
  /** Payload that fits one frame to the peer. */
  readonly maxPayload: number
  /** The flow has something to send. */
  schedule(flow: Turn): void
  /** Whether the session's window takes a delivery of `size` bytes; when not, its flows are scheduled once it does. */
  canSend(size: number): boolean
  /** Encodes one settled delivery of `size` bytes from the queue. */
  sendDelivery(handle: number, size: number, queue: OutputQueue): void
  /** Encodes a flow performative for the link. */
  sendLinkState(link: Link, state: Grant): void
  send(performative: Performative): void
  /** A peer's unsettled delivery was taken. */
  settle(deliveryId: number): void
  /** Tells what was taken, which must go before the link is detached. */
  sendSettlements(): void
  /** A flow has an owner; an owner is told nothing more. */
  started(): void
  finished(): void
  /** Both links are gone: handles may be used again. */
  released(flow: FlowLinks): void
  /** Bytes of a data section came. */
  countReceived(bytes: number): void
  /** A datagram was dropped instead of sent. */
  countDropped(): void
}

/** What a session forgets of a flow that is gone. */
export interface FlowLinks {
  readonly id: string
  readonly links: readonly (Link | undefined)[]
}

/** What pairing a peer's links needs besides. */
export interface PairingHost extends FlowHost {
  readonly log: Logger
  /** No room for the two links of another flow. */
  readonly full: boolean
  /** No room even for a link that only is to be refused. */
  readonly overfull: boolean
  newLink(owner: LinkOwner, name: string, role: Role, address: string | undefined): Link
  /** A flow of the peer is offered to the owner. */
  offered(): void
}
