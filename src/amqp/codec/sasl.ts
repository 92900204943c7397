/**
 * SASL frames (AMQP 1.0 section 5.3.3). The TLS client certificate is the authentication; SASL only confirms it.
 */
import { decodeError } from '../errors.ts'
import { DESCRIBED, Decoder } from './decoder.ts'
import type { Encoder } from './encoder.ts'
import { readDescribedList } from './field-reader.ts'
import { FieldWriter } from './field-writer.ts'

const SaslCode = { mechanisms: 0x40, init: 0x41, challenge: 0x42, response: 0x43, outcome: 0x44 } as const

/** Codes of the outcome. */
export const SaslOutcome = { ok: 0, auth: 1, sys: 2 } as const

export type SaslFrame =
  | { readonly kind: 'mechanisms'; readonly mechanisms: readonly string[] }
  | {
      readonly kind: 'init'
      readonly mechanism: string
      readonly initialResponse?: Buffer | undefined
      readonly hostname?: string | undefined
    }
  | { readonly kind: 'challenge' | 'response'; readonly data: Buffer }
  | { readonly kind: 'outcome'; readonly code: number }

/** Decodes the body of a SASL frame. */
export function decodeSasl(body: Buffer): SaslFrame {
  const from = new Decoder(body)
  if (from.byte() !== DESCRIBED) throw decodeError('SASL frame body is not a described list')
  return readDescribedList(from, (descriptor, fields): SaslFrame => {
    switch (descriptor) {
      case SaslCode.mechanisms:
        return { kind: 'mechanisms', mechanisms: fields.need(fields.symbols(), 'sasl-server-mechanisms') }
      case SaslCode.init:
        return {
          kind: 'init',
          mechanism: fields.need(fields.symbol(), 'mechanism'),
          initialResponse: fields.binary(),
          hostname: fields.string(),
        }
      case SaslCode.challenge:
        return { kind: 'challenge', data: fields.need(fields.binary(), 'challenge') }
      case SaslCode.response:
        return { kind: 'response', data: fields.need(fields.binary(), 'response') }
      case SaslCode.outcome:
        return { kind: 'outcome', code: fields.need(fields.ubyte(), 'code') }
      default:
        throw decodeError(`unknown SASL frame 0x${descriptor.toString(16)}`)
    }
  })
}

/** Appends the body of a SASL frame. */
export function encodeSasl(to: Encoder, frame: SaslFrame): void {
  const fields = new FieldWriter(to, SaslCode[frame.kind])
  switch (frame.kind) {
    case 'mechanisms':
      fields.symbols(frame.mechanisms)
      break
    case 'init':
      fields.symbol(frame.mechanism).binary(frame.initialResponse).string(frame.hostname)
      break
    case 'outcome':
      fields.ubyte(frame.code)
      break
    default:
      fields.binary(frame.data)
  }
  fields.end()
}
