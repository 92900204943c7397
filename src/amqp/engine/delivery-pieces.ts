/**
 * Deliveries that do not fit one frame of the peer: datagrams, which must stay whole (AMQP 1.0 section 2.6.14). Streams
 * are cut to fit before, so this is no hot path.
 */
import type { Transfer } from '../codec/performatives.ts'
import { DATA_SECTION_HEADER_SIZE, dataSectionHeader } from '../codec/transfer.ts'
import type { ConnectionParts } from './connection-parts.ts'
import type { OutputQueue } from './output-queue.ts'
import type { SessionWindow } from './session-window.ts'

/** Most bytes of frame header and performative before the payload of a piece. */
const MAX_HEAD_SIZE = 40

export class DeliveryPieces {
  readonly #parts: ConnectionParts
  readonly #window: SessionWindow
  readonly #channel: number

  constructor(parts: ConnectionParts, window: SessionWindow, channel: number) {
    this.#parts = parts
    this.#window = window
    this.#channel = channel
  }

  /** Transfers that a delivery of `size` bytes takes. */
  count(size: number): number {
    return Math.ceil((size + DATA_SECTION_HEADER_SIZE) / this.#room)
  }

  /** Encodes the queue's next delivery. */
  send(handle: number, size: number, queue: OutputQueue): void {
    const { outbox, counters } = this.#parts
    const transfers = this.count(size)
    const deliveryId = this.#window.takeDelivery(transfers)
    let left = DATA_SECTION_HEADER_SIZE + size
    for (let turn = 0; turn < transfers; turn += 1) {
      const payload = Math.min(left, this.#room)
      left -= payload
      const isFirst = turn === 0
      outbox.piece(this.#channel, pieceOf(handle, isFirst ? deliveryId : undefined, left > 0), payload)
      if (isFirst) outbox.payload(dataSectionHeader(size))
      queue.shift(isFirst ? payload - DATA_SECTION_HEADER_SIZE : payload, outbox)
    }
    counters.transfersSent += transfers
  }

  /** Payload bytes of a piece. */
  get #room(): number {
    return this.#parts.outbox.maxFrameSize - MAX_HEAD_SIZE
  }
}

function pieceOf(handle: number, deliveryId: number | undefined, more: boolean): Transfer {
  const first = deliveryId === undefined ? {} : { deliveryId, deliveryTag: NO_TAG, messageFormat: 0 }
  return { kind: 'transfer', handle, ...first, settled: true, more }
}

/** Settled deliveries are never referred to. */
const NO_TAG = Buffer.alloc(0)
