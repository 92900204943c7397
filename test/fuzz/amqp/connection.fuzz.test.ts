/**
 * A connection fed with anything must not throw, must not hang, must answer or end, must hold its owners' contract and
 * must give back all it holds. Raw bytes, kept seeds that are changed, and frames that are well-formed but senseless.
 * FAIRLEAD_FUZZ_SECONDS sets how long.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Decoder } from '../../../src/amqp/codec/decoder.ts'
import { protocolHeader } from '../../../src/amqp/codec/frame.ts'
import { FrameParser } from '../../../src/amqp/codec/frame-parser.ts'
import { decodePerformative } from '../../../src/amqp/codec/performative-codec.ts'
import { decodeSasl } from '../../../src/amqp/codec/sasl.ts'
import { SectionReader } from '../../../src/amqp/codec/section-reader.ts'
import { AmqpError } from '../../../src/amqp/errors.ts'
import { ACK_DELAY_MS } from '../../../src/amqp/limits.ts'
import { ByteBudget } from '../../../src/core/byte-budget.ts'
import type { Logger } from '../../../src/core/log.ts'
import { cutAt } from '../../support/amqp-arbitraries.ts'
import { REQUEST, until } from '../../support/connection-pair.ts'
import { settle } from '../../support/fake-clock.ts'
import { FUZZ_TIMEOUT_MS, fuzzFor } from '../../support/fuzz-budget.ts'
import { likelyBytes, plausibleFrame } from '../../support/plausible-frames.ts'
import { frameOf, RawPeer } from '../../support/raw-peer.ts'
import { acceptStrictly, StrictOwner } from '../../support/strict-owner.ts'

const PROPERTIES = 5

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array))

/** Only AmqpError may come out. */
function onlyAmqpErrors(work: () => void): void {
  try {
    work()
  } catch (error) {
    expect(error).toBeInstanceOf(AmqpError)
  }
}

test(
  'decoders of values, performatives and SASL refuse or read any bytes',
  () => {
    fc.assert(
      fc.property(fc.oneof(bytes(200), likelyBytes), (input) => {
        onlyAmqpErrors(() => new Decoder(input).value())
        onlyAmqpErrors(() => decodePerformative(input))
        onlyAmqpErrors(() => decodeSasl(input))
        const sections = new SectionReader({ onBody: () => {} })
        sections.push(input)
        sections.finish()
      }),
      fuzzFor(PROPERTIES),
    )
  },
  FUZZ_TIMEOUT_MS,
)

test(
  'the parser refuses or cuts any bytes, in any pieces',
  () => {
    const nothing = () => {}
    const sink = {
      onProtocolHeader: nothing,
      onFrame: nothing,
      onTransfer: nothing,
      onPayload: nothing,
      onTransferEnd: nothing,
    }
    const anyFrame = fc
      .tuple(fc.oneof(bytes(60), likelyBytes), fc.integer({ min: -2, max: 2 }))
      .map(([body, error]) => {
        const header = Buffer.from('0000000002000000', 'hex')
        header.writeUInt32BE(Math.max(0, 8 + body.length + error), 0)
        return Buffer.concat([header, body])
      })
    fc.assert(
      fc.property(
        fc.array(anyFrame, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
        (frames, sizes) => {
          onlyAmqpErrors(() => {
            const parser = new FrameParser(sink, 4096)
            for (const piece of cutAt(Buffer.concat([protocolHeader(0), ...frames]), sizes))
              parser.push(piece)
          })
        },
      ),
      fuzzFor(PROPERTIES),
    )
  },
  FUZZ_TIMEOUT_MS,
)

/** A connection whose owners are strict; `errors` are bugs of ours. */
class Victim {
  readonly errors: unknown[] = []
  readonly buffers = new ByteBudget(64 * 1024 * 1024)
  readonly peer: RawPeer

  constructor() {
    const logger: Logger = {
      debug: () => {},
      info: () => {},
      warn: () => {},
      error: (fields: unknown) => void this.errors.push(fields),
      child: () => logger,
    }
    this.peer = new RawPeer(acceptStrictly, { maxFlows: 16 }, logger, this.buffers)
  }

  /** Opens a flow of each kind, as a router does that has clients. */
  open(): void {
    for (const protocol of ['TCP', 'UDP'] as const) {
      let owner: StrictOwner | undefined
      this.peer.connection.open({ ...REQUEST, protocol }, (channel) => {
        owner = new StrictOwner(channel)
        return owner
      })
      owner?.write(5000)
    }
  }

  /** Says one frame after the other; what we have to say goes in between. */
  async hear(frames: readonly Buffer[]): Promise<void> {
    for (const frame of frames) {
      this.peer.bytes(frame)
      await settle()
    }
  }

  /** The peer is gone: nothing is left of it. */
  async end(): Promise<void> {
    this.peer.stream.end()
    await until(() => this.peer.closed !== undefined)
    await this.peer.clock.advance(ACK_DELAY_MS)
    const { connection } = this.peer
    expect([this.errors, connection.openFlows]).toEqual([[], 0])
    expect([this.buffers.held, this.buffers.taken, connection.usable]).toEqual([0, 0, false])
  }
}

test(
  'a connection survives any sequence of well-formed frames, or closes with an error',
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(plausibleFrame, { minLength: 1, maxLength: 40 }),
        fc.boolean(),
        async (frames, ours) => {
          const properties = new Map([['fairlead:version', { type: 'uint', value: ours ? 2 : 9 } as const]])
          const victim = new Victim()
          const { peer } = victim
          peer.hello({ properties })
          victim.open()
          for (const { performative: one, channel, payload } of frames) {
            peer.bytes(frameOf(one, channel, one.kind === 'transfer' ? payload : Buffer.alloc(0)))
          }
          await peer.clock.advance(ACK_DELAY_MS)
          peer.say({ kind: 'close' })
          await until(() => peer.ended)
          await victim.end()
        },
      ),
      fuzzFor(PROPERTIES),
    )
  },
  FUZZ_TIMEOUT_MS,
)

test(
  'a connection fed with raw bytes closes and ends',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(bytes(300), likelyBytes), fc.boolean(), async (input, afterOpen) => {
        const victim = new Victim()
        if (afterOpen) victim.peer.hello()
        victim.peer.bytes(input)
        await victim.end()
      }),
      fuzzFor(PROPERTIES),
    )
  },
  FUZZ_TIMEOUT_MS,
)

/** Conversations that a peer of each kind has, and those that once broke something: one hexadecimal line per frame. */
const SEEDS = readdirSync(join(import.meta.dirname, 'seeds'))
  .sort()
  .map((name): [string, Buffer[]] => {
    const text = readFileSync(join(import.meta.dirname, 'seeds', name), 'utf8')
    const frames = text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => Buffer.from(line.replaceAll(' ', ''), 'hex'))
    return [name, frames]
  })

/** One change of a frame, or of the order of frames. */
const change = fc.record({
  frame: fc.nat(30),
  at: fc.nat(400),
  to: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x40, 0x41, 0x43, 0x7f, 0x80, 0xff)),
  what: fc.constantFrom('set', 'set', 'set', 'repeat', 'drop', 'swap', 'cut'),
})

function changed(
  frames: readonly Buffer[],
  { frame, at, to, what }: { frame: number; at: number; to: number; what: string },
) {
  const result = frames.map((one) => Buffer.from(one))
  const index = frame % result.length
  const one = result[index] ?? Buffer.alloc(0)
  if (what === 'set') one[at % one.length] = to
  else if (what === 'repeat') result.splice(index, 0, one)
  else if (what === 'drop') result.splice(index, 1)
  else if (what === 'swap') result.push(...result.splice(index, 1))
  else result[index] = one.subarray(0, at % one.length)
  return result.length > 0 ? result : [Buffer.alloc(1)]
}

test(
  'a conversation in which anything is changed, repeated, left out or cut costs no more than its connection',
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...SEEDS),
        fc.array(change, { maxLength: 6 }),
        fc.array(fc.integer({ min: 20, max: 600 }), { minLength: 1, maxLength: 4 }),
        async ([, seed], changes, sizes) => {
          const victim = new Victim()
          victim.open()
          await victim.hear(changes.reduce(changed, seed).flatMap((frame) => cutAt(frame, sizes)))
          await victim.end()
        },
      ),
      fuzzFor(PROPERTIES),
    )
  },
  FUZZ_TIMEOUT_MS,
)

test.each(SEEDS)('the conversation %s is understood as it is', async (_name, seed) => {
  const victim = new Victim()
  victim.open()
  await victim.hear(seed)
  await victim.end()
  expect(victim.peer.closed).toEqual({
    origin: 'peer',
    condition: 'amqp:connection:forced',
    description: 'the peer closed the connection',
  })
})
