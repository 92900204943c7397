/**
 * Codecs of attach, flow, transfer, disposition and detach (AMQP 1.0 sections 2.7.3 to 2.7.7) and of source, target
 * and outcomes. The transfer of the hot path is in transfer.ts; this one is complete and for everything else.
 */

import { readError, writeError } from './connection-performatives.ts'
import type { FieldReader } from './field-reader.ts'
import type { FieldWriter } from './field-writer.ts'
import type { Attach, Detach, Disposition, Flow, Outcome, Role, Terminus, Transfer } from './performatives.ts'

const SOURCE_CODE = 0x28
const TARGET_CODE = 0x29

const OUTCOME_CODES = { accepted: 0x24, rejected: 0x25, released: 0x26, modified: 0x27 } as const

export function readAttach(from: FieldReader): Attach {
  return {
    kind: 'attach',
    name: from.need(from.string(), 'name'),
    handle: from.need(from.uint(), 'handle'),
    role: readRole(from),
    sndSettleMode: from.ubyte(),
    rcvSettleMode: from.ubyte(),
    source: readTerminus(from),
    target: readTerminus(from),
    // unsettled and incomplete-unsettled: nothing is resumed by AMQP's own means.
    initialDeliveryCount: from.skip(2).uint(),
    maxMessageSize: from.ulong(),
    properties: from.skip(2).properties(),
  }
}

export function writeAttach(to: FieldWriter, attach: Attach): void {
  to.string(attach.name)
    .uint(attach.handle)
    .boolean(attach.role === 'receiver')
    .ubyte(attach.sndSettleMode)
    .ubyte(attach.rcvSettleMode)
  writeTerminus(to, attach.source, SOURCE_CODE)
  writeTerminus(to, attach.target, TARGET_CODE)
  to.skip(2)
    .uint(attach.initialDeliveryCount)
    .ulong(attach.maxMessageSize)
    .skip(2)
    .properties(attach.properties)
}

export function readFlow(from: FieldReader): Flow {
  return {
    kind: 'flow',
    nextIncomingId: from.uint(),
    incomingWindow: from.need(from.uint(), 'incoming-window'),
    nextOutgoingId: from.need(from.uint(), 'next-outgoing-id'),
    outgoingWindow: from.need(from.uint(), 'outgoing-window'),
    handle: from.uint(),
    deliveryCount: from.uint(),
    linkCredit: from.uint(),
    available: from.uint(),
    drain: from.boolean(),
    echo: from.boolean(),
    properties: from.properties(),
  }
}

export function writeFlow(to: FieldWriter, flow: Flow): void {
  to.uint(flow.nextIncomingId)
    .uint(flow.incomingWindow)
    .uint(flow.nextOutgoingId)
    .uint(flow.outgoingWindow)
    .uint(flow.handle)
    .uint(flow.deliveryCount)
    .uint(flow.linkCredit)
    .uint(flow.available)
    .boolean(flow.drain)
    .boolean(flow.echo)
    .properties(flow.properties)
}

export function readTransfer(from: FieldReader): Transfer {
  return {
    kind: 'transfer',
    handle: from.need(from.uint(), 'handle'),
    deliveryId: from.uint(),
    deliveryTag: from.binary(),
    messageFormat: from.uint(),
    settled: from.boolean(),
    more: from.boolean(),
    // rcv-settle-mode and state
    resume: from.skip(2).boolean(),
    aborted: from.boolean(),
  }
}

export function writeTransfer(to: FieldWriter, transfer: Transfer): void {
  to.uint(transfer.handle)
    .uint(transfer.deliveryId)
    .binary(transfer.deliveryTag)
    .uint(transfer.messageFormat)
    .boolean(transfer.settled)
    .boolean(transfer.more)
    .skip(2)
    .boolean(transfer.resume)
    .boolean(transfer.aborted)
}

export function readDisposition(from: FieldReader): Disposition {
  return {
    kind: 'disposition',
    role: readRole(from),
    first: from.need(from.uint(), 'first'),
    last: from.uint(),
    settled: from.boolean(),
    state: from.described(outcomeOf),
  }
}

export function writeDisposition(to: FieldWriter, disposition: Disposition): void {
  const { state } = disposition
  to.boolean(disposition.role === 'receiver')
    .uint(disposition.first)
    .uint(disposition.last)
    .boolean(disposition.settled)
  if (state !== undefined && state !== 'other') to.described(OUTCOME_CODES[state], (fields) => fields)
}

export function readDetach(from: FieldReader): Detach {
  return {
    kind: 'detach',
    handle: from.need(from.uint(), 'handle'),
    closed: from.boolean(),
    error: readError(from),
  }
}

export function writeDetach(to: FieldWriter, detach: Detach): void {
  to.uint(detach.handle).boolean(detach.closed)
  writeError(to, detach.error)
}

function readRole(from: FieldReader): Role {
  return from.need(from.boolean(), 'role') ? 'receiver' : 'sender'
}

function outcomeOf(descriptor: number): Outcome {
  for (const [outcome, code] of Object.entries(OUTCOME_CODES)) {
    if (code === descriptor) return outcome as Outcome
  }
  return 'other'
}

function readTerminus(from: FieldReader): Terminus | undefined {
  return from.described((descriptor, fields) => {
    if (descriptor !== SOURCE_CODE && descriptor !== TARGET_CODE) return { kind: 'other' }
    const address = fields.address()
    // durable, expiry-policy and timeout say how long a terminus outlives its link; ours never do.
    const dynamic = fields.skip(3).boolean()
    return { kind: descriptor === SOURCE_CODE ? 'source' : 'target', address, dynamic }
  })
}

function writeTerminus(to: FieldWriter, terminus: Terminus | undefined, code: number): void {
  const address = terminus?.address ?? undefined
  to.described(
    code,
    terminus === undefined
      ? undefined
      : (fields) =>
          fields
            .string(address)
            .skip(3)
            .boolean(terminus.dynamic || undefined),
  )
}
