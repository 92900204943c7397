/**
 * Encodes and decodes any performative: dispatch between descriptor codes and their codecs.
 */
import { decodeError } from '../errors.ts'
import {
  readBegin,
  readClose,
  readEnd,
  readOpen,
  writeBegin,
  writeClose,
  writeEnd,
  writeOpen,
} from './connection-performatives.ts'
import { DESCRIBED, Decoder } from './decoder.ts'
import type { Encoder } from './encoder.ts'
import { type FieldReader, readDescribedList } from './field-reader.ts'
import { FieldWriter } from './field-writer.ts'
import {
  readAttach,
  readDetach,
  readDisposition,
  readFlow,
  readTransfer,
  writeAttach,
  writeDetach,
  writeDisposition,
  writeFlow,
  writeTransfer,
} from './link-performatives.ts'
import { PerformativeCode as Code, type Performative } from './performatives.ts'

const READERS: ReadonlyMap<number, (fields: FieldReader) => Performative> = new Map<
  number,
  (fields: FieldReader) => Performative
>([
  [Code.open, readOpen],
  [Code.begin, readBegin],
  [Code.attach, readAttach],
  [Code.flow, readFlow],
  [Code.transfer, readTransfer],
  [Code.disposition, readDisposition],
  [Code.detach, readDetach],
  [Code.end, readEnd],
  [Code.close, readClose],
])

/** Decodes the performative at the start of `body` and says where its payload starts. */
export function decodePerformative(body: Buffer): { performative: Performative; payload: number } {
  const from = new Decoder(body)
  if (from.byte() !== DESCRIBED) throw decodeError('frame body does not start with a performative')
  const performative = readDescribedList(from, (descriptor, fields) => {
    const read = READERS.get(descriptor)
    if (read === undefined) throw decodeError(`unknown performative 0x${descriptor.toString(16)}`)
    return read(fields)
  })
  return { performative, payload: from.position }
}

/** Appends a performative. */
export function encodePerformative(to: Encoder, performative: Performative): void {
  const fields = new FieldWriter(to, Code[performative.kind])
  write(fields, performative)
  fields.end()
}

function write(to: FieldWriter, performative: Performative): void {
  switch (performative.kind) {
    case 'open':
      writeOpen(to, performative)
      break
    case 'begin':
      writeBegin(to, performative)
      break
    case 'attach':
      writeAttach(to, performative)
      break
    case 'flow':
      writeFlow(to, performative)
      break
    case 'transfer':
      writeTransfer(to, performative)
      break
    case 'disposition':
      writeDisposition(to, performative)
      break
    case 'detach':
      writeDetach(to, performative)
      break
    case 'end':
      writeEnd(to, performative)
      break
    case 'close':
      writeClose(to, performative)
      break
  }
}
