/** A peer that speaks AMQP frame by frame, so that tests can say anything to a DataConnection, right or wrong. */
import type { Duplex } from 'node:stream'
import { Encoder } from '../../src/amqp/codec/encoder.ts'
import { encodeFrame, FrameType, protocolHeader } from '../../src/amqp/codec/frame.ts'
import { FrameParser } from '../../src/amqp/codec/frame-parser.ts'
import { decodePerformative } from '../../src/amqp/codec/performative-codec.ts'
import type { Attach, Performative, Transfer } from '../../src/amqp/codec/performatives.ts'
import { decodeSasl } from '../../src/amqp/codec/sasl.ts'
import { type CloseReason, DataConnection } from '../../src/amqp/data-connection.ts'
import type { DataConnectionConfig } from '../../src/amqp/engine/config.ts'
import type { FlowAcceptor } from '../../src/amqp/flow-transport.ts'
import type { ByteBudget } from '../../src/core/byte-budget.ts'
import { type Logger, silentLogger } from '../../src/core/log.ts'
import { echo, until } from './connection-pair.ts'
import { duplexPair } from './duplex-pair.ts'
import { FakeClock } from './fake-clock.ts'

export const ADDRESS = '/services/demo/hello/tcp/8080'

type Kind = Performative['kind']
type Of<K extends Kind> = Extract<Performative, { kind: K }>

/** One frame. */
export function frameOf(performative: Performative, channel = 0, payload: Buffer = Buffer.alloc(0)): Buffer {
  const frame = Buffer.concat([encodeFrame(new Encoder(), channel, performative), payload])
  frame.writeUInt32BE(frame.length, 0)
  return frame
}

/** Frames one end says, and a connection under test at the other. */
export class RawPeer {
  readonly clock = new FakeClock()
  readonly connection: DataConnection
  /** All performatives received, with their channel and payload. */
  readonly frames: { channel: number; performative: Performative; payload: Buffer }[] = []
  readonly headers: string[] = []
  readonly stream: Duplex
  heartbeats = 0
  closed: CloseReason | undefined
  ended = false
  #held: Buffer[] | undefined

  constructor(
    accept: FlowAcceptor = echo,
    config: Partial<DataConnectionConfig> = {},
    logger: Logger = silentLogger,
    buffers?: ByteBudget,
    onDraining: () => void = () => {},
  ) {
    const [mine, theirs] = duplexPair()
    this.stream = mine
    const onClose = (reason: CloseReason) => {
      this.closed = reason
    }
    const deps = { clock: this.clock, logger, buffers, accept, onDraining, onClose }
    this.connection = new DataConnection(theirs, deps, { side: 'acceptor', containerId: 'tested', ...config })
    this.connection.start()
    this.#read()
  }

  /** Says header, open and begin as a stranger does. */
  hello(open: Partial<Of<'open'>> = {}, begin: Partial<Of<'begin'>> = {}): this {
    this.bytes(protocolHeader(0))
    this.say({ kind: 'open', containerId: 'raw', ...open })
    return this.say({
      kind: 'begin',
      nextOutgoingId: 0,
      incomingWindow: 1000,
      outgoingWindow: 1000,
      ...begin,
    })
  }

  /** Attaches both links of a flow on handles `handle` and `handle + 1`. */
  attach(id: string, handle = 0, changes: Partial<Attach> = {}): this {
    const terminus = { kind: 'target', address: ADDRESS } as const
    const sender = { kind: 'attach', name: `${id}/o`, handle, role: 'sender', target: terminus } as const
    const source = { kind: 'source', address: ADDRESS } as const
    const receiver = {
      kind: 'attach',
      name: `${id}/i`,
      handle: handle + 1,
      role: 'receiver',
      source,
    } as const
    this.say({ ...sender, initialDeliveryCount: 0, ...changes })
    return this.say({ ...receiver, ...changes, handle: handle + 1 })
  }

  say(performative: Performative, channel = 0, payload: Buffer = Buffer.alloc(0)): this {
    return this.bytes(frameOf(performative, channel, payload))
  }

  /** All that `talk` says leaves in one piece. */
  together(talk: () => void): this {
    this.#held = []
    talk()
    const bytes = Buffer.concat(this.#held)
    this.#held = undefined
    return this.bytes(bytes)
  }

  /** A transfer whose payload is one data section per body. */
  transfer(changes: Partial<Transfer>, ...bodies: readonly string[]): this {
    const payload = bodies.map((body) =>
      Buffer.concat([Buffer.from([0, 0x53, 0x75, 0xa0, body.length]), Buffer.from(body)]),
    )
    return this.say(
      { kind: 'transfer', handle: 0, deliveryId: 0, settled: true, ...changes },
      0,
      Buffer.concat(payload),
    )
  }

  bytes(bytes: Buffer): this {
    if (this.#held !== undefined) this.#held.push(bytes)
    else this.stream.write(bytes)
    return this
  }

  hex(hex: string): this {
    return this.bytes(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
  }

  /** Frames of one kind received so far. */
  heard<K extends Kind>(kind: K): Of<K>[] {
    return this.frames
      .map(({ performative }) => performative)
      .filter((one): one is Of<K> => one.kind === kind)
  }

  /** Waits for `count` frames of a kind and returns the last. */
  async hear<K extends Kind>(kind: K, count = 1): Promise<Of<K>> {
    await until(() => this.heard(kind).length >= count)
    return this.heard(kind)[count - 1] as Of<K>
  }

  #read(): void {
    let open: { channel: number; performative: Performative; payload: Buffer } | undefined
    const parser = new FrameParser(
      {
        onProtocolHeader: (header) => void this.headers.push(header.toString('hex')),
        onFrame: (type, channel, body) => {
          if (body.length === 0) this.heartbeats += 1
          else if (type === FrameType.amqp) this.#heard(channel, body)
          else if (decodeSasl(body).kind === 'outcome') parser.expectProtocolHeader()
        },
        onTransfer: (channel, { handle, deliveryId, settled, more }) => {
          open = {
            channel,
            performative: { kind: 'transfer', handle, deliveryId, settled, more },
            payload: Buffer.alloc(0),
          }
        },
        onPayload: (chunk) => {
          if (open !== undefined) open.payload = Buffer.concat([open.payload, chunk])
        },
        onTransferEnd: () => {
          if (open !== undefined) this.frames.push(open)
        },
      },
      1024 * 1024,
    )
    this.stream.on('data', (chunk: Buffer) => parser.push(chunk))
    this.stream.on('end', () => {
      this.ended = true
    })
    this.stream.on('error', () => {})
  }

  #heard(channel: number, body: Buffer): void {
    this.frames.push({
      channel,
      performative: decodePerformative(Buffer.from(body)).performative,
      payload: Buffer.alloc(0),
    })
  }
}
