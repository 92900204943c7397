/**
 * Frame and protocol headers (AMQP 1.0 sections 2.2 and 2.3).
 */
import type { Encoder } from './encoder.ts'
import { encodePerformative } from './performative-codec.ts'
import type { Performative } from './performatives.ts'
import { encodeSasl, type SaslFrame } from './sasl.ts'

export const FRAME_HEADER_SIZE = 8

/** Frame types. */
export const FrameType = { amqp: 0, sasl: 1 } as const

/** Protocol ids of the protocol header. */
export const Protocol = { amqp: 0, sasl: 3 } as const

/** The eight bytes that start a protocol layer, version 1.0.0. */
export function protocolHeader(protocol: number): Buffer {
  return Buffer.from([0x41, 0x4d, 0x51, 0x50, protocol, 1, 0, 0])
}

/** The protocol id of a header we speak, or undefined. */
export function protocolOf(header: Buffer): number | undefined {
  const protocol = header.readUInt8(4)
  return header.equals(protocolHeader(protocol)) ? protocol : undefined
}

/** Encodes an AMQP frame without payload; the result is valid until the encoder is reset. */
export function encodeFrame(to: Encoder, channel: number, performative: Performative): Buffer {
  to.reset(FRAME_HEADER_SIZE)
  encodePerformative(to, performative)
  return finish(to, FrameType.amqp, channel)
}

/** Encodes a SASL frame. */
export function encodeSaslFrame(to: Encoder, frame: SaslFrame): Buffer {
  to.reset(FRAME_HEADER_SIZE)
  encodeSasl(to, frame)
  return finish(to, FrameType.sasl, 0)
}

/** An empty frame: the heartbeat of section 2.4.5. */
export function emptyFrame(): Buffer {
  return Buffer.from([0, 0, 0, FRAME_HEADER_SIZE, 2, FrameType.amqp, 0, 0])
}

function finish(to: Encoder, type: number, channel: number): Buffer {
  to.patch32(0, to.length)
  to.patch32(4, (2 << 24) | (type << 16) | channel)
  return to.bytes
}
