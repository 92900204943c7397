/**
 * The performatives of AMQP 1.0 section 2.7 as data. Absent fields are undefined; defaults are the reader's business.
 */
import type { Properties } from './value.ts'

/** Descriptor codes of the performatives (AMQP 1.0 section 2.7). */
export const PerformativeCode = {
  open: 0x10,
  begin: 0x11,
  attach: 0x12,
  flow: 0x13,
  transfer: 0x14,
  disposition: 0x15,
  detach: 0x16,
  end: 0x17,
  close: 0x18,
} as const

/** The `error` of detach, end and close. */
export interface ErrorInfo {
  readonly condition: string
  readonly description?: string | undefined
}

export interface Open {
  readonly kind: 'open'
  readonly containerId: string
  readonly hostname?: string | undefined
  /** Default 2^32 - 1. */
  readonly maxFrameSize?: number | undefined
  /** Default 65535. */
  readonly channelMax?: number | undefined
  /** Milliseconds. */
  readonly idleTimeOut?: number | undefined
  readonly offeredCapabilities?: readonly string[] | undefined
  readonly desiredCapabilities?: readonly string[] | undefined
  readonly properties?: Properties | undefined
}

export interface Begin {
  readonly kind: 'begin'
  /** Set in the answer to the peer's begin: the channel that one came on. */
  readonly remoteChannel?: number | undefined
  readonly nextOutgoingId: number
  readonly incomingWindow: number
  readonly outgoingWindow: number
  /** Default 2^32 - 1. */
  readonly handleMax?: number | undefined
  readonly properties?: Properties | undefined
}

/** A source or target. `address` null: present, but not text. `kind` other: a coordinator, say. */
export interface Terminus {
  readonly kind: 'source' | 'target' | 'other'
  readonly address?: string | null | undefined
  readonly dynamic?: boolean | undefined
}

/** Whose the sending end is: the role of whoever sends the performative. */
export type Role = 'sender' | 'receiver'

export interface Attach {
  readonly kind: 'attach'
  readonly name: string
  readonly handle: number
  readonly role: Role
  /** 0 unsettled, 1 settled, 2 mixed (default). */
  readonly sndSettleMode?: number | undefined
  readonly rcvSettleMode?: number | undefined
  readonly source?: Terminus | undefined
  readonly target?: Terminus | undefined
  readonly initialDeliveryCount?: number | undefined
  readonly maxMessageSize?: number | undefined
  readonly properties?: Properties | undefined
}

export interface Flow {
  readonly kind: 'flow'
  readonly nextIncomingId?: number | undefined
  readonly incomingWindow: number
  readonly nextOutgoingId: number
  readonly outgoingWindow: number
  readonly handle?: number | undefined
  readonly deliveryCount?: number | undefined
  readonly linkCredit?: number | undefined
  readonly available?: number | undefined
  readonly drain?: boolean | undefined
  readonly echo?: boolean | undefined
  readonly properties?: Properties | undefined
}

export interface Transfer {
  readonly kind: 'transfer'
  readonly handle: number
  readonly deliveryId?: number | undefined
  readonly deliveryTag?: Buffer | undefined
  readonly messageFormat?: number | undefined
  readonly settled?: boolean | undefined
  readonly more?: boolean | undefined
  readonly resume?: boolean | undefined
  readonly aborted?: boolean | undefined
}

/** Outcomes of section 3.4 that need no fields here. */
export type Outcome = 'accepted' | 'rejected' | 'released' | 'modified' | 'other'

export interface Disposition {
  readonly kind: 'disposition'
  readonly role: Role
  readonly first: number
  readonly last?: number | undefined
  readonly settled?: boolean | undefined
  readonly state?: Outcome | undefined
}

export interface Detach {
  readonly kind: 'detach'
  readonly handle: number
  readonly closed?: boolean | undefined
  readonly error?: ErrorInfo | undefined
}

export interface End {
  readonly kind: 'end'
  readonly error?: ErrorInfo | undefined
}

export interface Close {
  readonly kind: 'close'
  readonly error?: ErrorInfo | undefined
}

export type Performative = Open | Begin | Attach | Flow | Transfer | Disposition | Detach | End | Close
