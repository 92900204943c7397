/**
 * One link endpoint of ours: which of the four attach and detach frames have gone by, and how ours are made.
 */
import type { Attach, Detach, ErrorInfo, Flow, Role } from '../codec/performatives.ts'
import type { TransferHead } from '../codec/transfer.ts'
import type { Properties } from '../codec/value.ts'
import type { FlowError } from '../flow-transport.ts'
import { MAX_ERROR_TEXT_LENGTH, MAX_MESSAGE_SIZE } from '../limits.ts'
import type { Turn } from './pump.ts'

/** snd-settle-mode: every delivery is sent settled. */
const SETTLED = 1

/** What a link tells the flow it belongs to. */
export interface LinkOwner extends Turn {
  readonly isOpener: boolean
  lose(error: FlowError): void
  onAttachAnswer(link: Link, attach: Attach): void
  onDetach(link: Link, error: FlowError | undefined): void
  onFlow(link: Link, flow: Flow): void
  onTransfer(link: Link, head: TransferHead): void
  onPayload(chunk: Buffer): void
  onTransferEnd(): void
}

export class Link {
  readonly owner: LinkOwner
  readonly name: string
  /** Ours. */
  readonly role: Role
  readonly handle: number
  attachSent = false
  attachReceived = false
  detachSent = false
  detachReceived = false
  /** The peer's detach came with an error. */
  failed = false
  readonly #address: string | undefined

  constructor(owner: LinkOwner, name: string, role: Role, handle: number, address: string | undefined) {
    this.owner = owner
    this.name = name
    this.role = role
    this.handle = handle
    this.#address = address
  }

  /** Nothing more will be sent or received on it. */
  get gone(): boolean {
    return this.detachSent && this.detachReceived
  }

  /**
   * Our attach; a refusing one has no terminus of ours (section 2.6.3) and is followed by a detach. A `brief` one names the
   * address at the far end only, for routers of ours, who need no more.
   */
  attach(refusing: boolean, brief: boolean, properties?: Properties): Attach {
    this.attachSent = true
    const isSender = this.role === 'sender'
    const near = brief ? undefined : this.#address
    const source = { kind: 'source', address: isSender ? near : this.#address } as const
    const target = { kind: 'target', address: isSender ? this.#address : near } as const
    return {
      kind: 'attach',
      name: this.name,
      handle: this.handle,
      role: this.role,
      sndSettleMode: SETTLED,
      source: refusing && isSender ? undefined : source,
      target: refusing && !isSender ? undefined : target,
      initialDeliveryCount: isSender ? 0 : undefined,
      maxMessageSize: MAX_MESSAGE_SIZE,
      properties,
    }
  }

  /** Our closing detach. */
  detach(error: FlowError | undefined): Detach {
    this.detachSent = true
    return { kind: 'detach', handle: this.handle, closed: true, error: error && bounded(error) }
  }
}

/** An error cut to what fits a small frame; the condition is a symbol, so ASCII. */
export function bounded(error: FlowError): FlowError {
  return {
    condition: error.condition.replace(/[^\x21-\x7e]/g, '?').slice(0, MAX_CONDITION_LENGTH),
    description: error.description.slice(0, MAX_ERROR_TEXT_LENGTH / 4),
  }
}

/** A peer's error, cut to what is kept of it. */
export function believed(error: ErrorInfo): FlowError {
  return {
    condition: error.condition.slice(0, MAX_ERROR_TEXT_LENGTH),
    description: (error.description ?? '').slice(0, MAX_ERROR_TEXT_LENGTH),
  }
}

const MAX_CONDITION_LENGTH = 64
