/**
 * Codecs of open, begin, end and close (AMQP 1.0 sections 2.7.1, 2.7.2, 2.7.8, 2.7.9) and of the error they share.
 */
import type { FieldReader } from './field-reader.ts'
import type { FieldWriter } from './field-writer.ts'
import type { Begin, Close, End, ErrorInfo, Open } from './performatives.ts'

const ERROR_CODE = 0x1d

export function readOpen(from: FieldReader): Open {
  return {
    kind: 'open',
    containerId: from.need(from.string(), 'container-id'),
    hostname: from.string(),
    maxFrameSize: from.uint(),
    channelMax: from.ushort(),
    idleTimeOut: from.uint(),
    // outgoing-locales and incoming-locales: error texts are English.
    offeredCapabilities: from.skip(2).symbols(),
    desiredCapabilities: from.symbols(),
    properties: from.properties(),
  }
}

export function writeOpen(to: FieldWriter, open: Open): void {
  to.string(open.containerId)
    .string(open.hostname)
    .uint(open.maxFrameSize)
    .ushort(open.channelMax)
    .uint(open.idleTimeOut)
    .skip(2)
    .symbols(open.offeredCapabilities)
    .symbols(open.desiredCapabilities)
    .properties(open.properties)
}

export function readBegin(from: FieldReader): Begin {
  return {
    kind: 'begin',
    remoteChannel: from.ushort(),
    nextOutgoingId: from.need(from.uint(), 'next-outgoing-id'),
    incomingWindow: from.need(from.uint(), 'incoming-window'),
    outgoingWindow: from.need(from.uint(), 'outgoing-window'),
    handleMax: from.uint(),
    properties: from.skip(2).properties(),
  }
}

export function writeBegin(to: FieldWriter, begin: Begin): void {
  to.ushort(begin.remoteChannel)
    .uint(begin.nextOutgoingId)
    .uint(begin.incomingWindow)
    .uint(begin.outgoingWindow)
    .uint(begin.handleMax)
    .skip(2)
    .properties(begin.properties)
}

export function readEnd(from: FieldReader): End {
  return { kind: 'end', error: readError(from) }
}

export function writeEnd(to: FieldWriter, end: End): void {
  writeError(to, end.error)
}

export function readClose(from: FieldReader): Close {
  return { kind: 'close', error: readError(from) }
}

export function writeClose(to: FieldWriter, close: Close): void {
  writeError(to, close.error)
}

/** The error field; its `info` map is passed over. */
export function readError(from: FieldReader): ErrorInfo | undefined {
  return from.described((_descriptor, fields) => ({
    condition: fields.need(fields.symbol(), 'condition'),
    description: fields.string(),
  }))
}

export function writeError(to: FieldWriter, error: ErrorInfo | undefined): void {
  to.described(
    ERROR_CODE,
    error === undefined ? undefined : (fields) => fields.symbol(error.condition).string(error.description),
  )
}
