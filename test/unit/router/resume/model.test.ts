/**
 * Resumable flows against a model: whatever is written, read, ended, reset, lost, delivered late and resumed, in
 * whatever order, no byte is lost, doubled or out of order, ends are clean only after all bytes, and nothing is kept.
 */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { FlowCondition } from '../../../../src/amqp/flow-transport.ts'
import {
  GRACE_MS,
  Owner,
  patternOf,
  ResumeWorld,
  type SideName,
  TCP_REQUEST,
} from '../../../support/resume-world.ts'

const PATTERN_BYTES = 4 * 1024 * 1024
const FROM_WEST = patternOf(1, PATTERN_BYTES)
const FROM_EAST = patternOf(2, PATTERN_BYTES)

type Command =
  | { readonly do: 'write' | 'force' | 'read'; readonly side: SideName; readonly bytes: number }
  | { readonly do: 'accept' | 'connect' | 'change-line' }
  | { readonly do: 'end' | 'reset'; readonly side: SideName }
  | { readonly do: 'deliver'; readonly side: SideName; readonly line: number; readonly messages: number }
  | { readonly do: 'lose'; readonly side: SideName; readonly line: number }
  | { readonly do: 'wait'; readonly ms: number }

const side = fc.constantFrom<SideName>('west', 'east')
const size = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 40 }) },
  { weight: 2, arbitrary: fc.integer({ min: 40, max: 3_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 3_000, max: 70_000 }) },
)
const line = fc.nat({ max: 2 })
const rarely = (command: fc.Arbitrary<Command>) => ({ weight: 1, arbitrary: command })
const often = (weight: number, command: fc.Arbitrary<Command>) => ({ weight, arbitrary: command })

const command: fc.Arbitrary<Command> = fc.oneof(
  often(32, fc.record({ do: fc.constant('write' as const), side, bytes: size })),
  often(10, fc.record({ do: fc.constant('force' as const), side, bytes: size })),
  often(24, fc.record({ do: fc.constant('read' as const), side, bytes: size })),
  often(
    60,
    fc.record({ do: fc.constant('deliver' as const), side, line, messages: fc.integer({ min: 1, max: 8 }) }),
  ),
  often(6, fc.record({ do: fc.constant('lose' as const), side, line })),
  often(6, fc.constant({ do: 'connect' } as const)),
  often(14, fc.constant({ do: 'change-line' } as const)),
  often(8, fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 60, 300, 1_500) })),
  often(4, fc.constant({ do: 'accept' } as const)),
  often(2, fc.record({ do: fc.constant('end' as const), side })),
  rarely(fc.record({ do: fc.constant('reset' as const), side })),
  rarely(fc.record({ do: fc.constant('wait' as const), ms: fc.constant(GRACE_MS + 1_000) })),
)

/** One flow between two sides, and what a run of commands did to it. */
class Run {
  readonly world: ResumeWorld
  readonly owners = { west: new Owner(FROM_WEST, FROM_EAST), east: new Owner(FROM_EAST, FROM_WEST) }
  /** Anything happened after which a reset is right. */
  spoiled = false
  expired = false
  #offered = false

  constructor(window: number, budgetBytes: number) {
    this.world = new ResumeWorld(
      (_request, channel) => {
        if (this.#offered) throw new Error('offered twice')
        this.#offered = true
        this.owners.east.channel = channel
        return this.owners.east
      },
      {
        window,
        budgetBytes,
        west: { abandonedAfter: GRACE_MS - 1_000 },
        east: { abandonedAfter: GRACE_MS - 1_000 },
      },
    )
    this.world.join().west.open(TCP_REQUEST, (channel) => {
      this.owners.west.channel = channel
      return this.owners.west
    })
  }

  do(step: Command): void {
    switch (step.do) {
      case 'write':
        if (this.#mayWrite(step.side)) this.owners[step.side].writeIfOpen(step.bytes)
        break
      // A socket read cannot be split: the data path writes it whatever room there is.
      case 'force':
        if (this.#mayWrite(step.side)) this.owners[step.side].write(step.bytes)
        break
      case 'read':
        this.owners[step.side].read(step.bytes)
        break
      case 'accept':
        this.#accept()
        break
      case 'end':
        if (this.#mayWrite(step.side)) this.owners[step.side].end()
        break
      case 'reset':
        this.spoiled = true
        this.owners[step.side].reset()
        break
      case 'connect':
        if (this.world.lines.length < 40) this.world.join()
        break
      case 'change-line':
        this.#lose('west', 0)
        if (this.world.lines.length < 40) this.world.join()
        this.world.clock.advance(1)
        break
      case 'deliver':
        this.#deliver(step.side, step.line, step.messages)
        break
      case 'lose':
        this.#lose(step.side, step.line)
        break
      case 'wait':
        if (step.ms > GRACE_MS) this.expired = this.spoiled = true
        this.world.clock.advance(step.ms)
    }
  }

  /** Both finish what they began over a line that holds. What one end has lost the other loses, as silence is noticed. */
  finish(): void {
    const { west, east } = this.owners
    for (const { line } of this.world.lines) {
      if (line.west.usable && line.east.usable) continue
      line.west.lose()
      line.east.lose()
    }
    this.world.join()
    for (let round = 0; round < 5_000 && !(west.over && east.over); round++) {
      this.world.settle()
      this.#accept()
      for (const owner of [west, east]) {
        owner.end()
        owner.read(Number.POSITIVE_INFINITY)
      }
      this.world.clock.advance(300)
    }
    this.world.clock.advance(GRACE_MS * 2)
    this.world.settle()
  }

  #accept(): void {
    if (this.owners.east.channel === undefined) return
    this.owners.east.accepted = true
    this.owners.east.channel.accept()
  }

  /** There is no backend to write anything before the flow is accepted. */
  #mayWrite(at: SideName): boolean {
    return at === 'west' || this.owners.east.accepted
  }

  #deliver(to: SideName, index: number, messages: number): void {
    const joined = this.world.lines.at(-1 - index)
    for (let count = 0; count < messages; count++) joined?.line[to].deliver()
  }

  #lose(at: SideName, index: number): void {
    const joined = this.world.lines.at(-1 - index)
    if (joined === undefined) return
    if (!this.owners.west.accepted) this.spoiled = true
    joined.line[at].lose()
  }
}

function check(run: Run): void {
  const { west, east } = run.owners
  const { world } = run
  if (!run.spoiled && !isRefused(west) && !isRefused(east)) {
    expect([west.outcome, east.outcome]).toEqual(['closed', 'closed'])
    expect([west.received, east.received]).toEqual([east.written, west.written])
  }
  expect(west.over).toBe(true)
  if (east.channel !== undefined) expect(east.over).toBe(true)
  for (const [one, other] of [
    [west, east],
    [east, west],
  ] as const) {
    if (one.outcome !== 'closed') continue
    expect(one.received).toBe(other.written)
    // Beyond the grace time nobody can know whether a last end, all bytes before it acknowledged, has arrived; nor can the
    // backend's end of a flow whose opening came late, when its opener had been refused already.
    if (!run.expired && west.accepted)
      expect(other.outcome === 'closed' || other.outcome === 'reset').toBe(true)
  }
  for (const { keeper, budget } of [world.west, world.east]) {
    expect(keeper.suspendedFlows).toBe(0)
    expect(budget.held).toBe(0)
  }
  for (const joined of world.lines) {
    expect(joined.west.process?.accepted.size ?? 0).toBe(0)
    expect(joined.east.process?.accepted.size ?? 0).toBe(0)
  }
  expect(world.clock.pending).toBe(0)
}

/** Its reader held too much over too many losses for the memory there was. */
function isRefused({ outcome }: Owner): boolean {
  return typeof outcome === 'object' && outcome.condition === FlowCondition.overloaded
}

interface Setting {
  /** The flow is open and accepted before anything else. */
  readonly isOpen: boolean
  readonly window: number
  readonly budgetBytes: number
}

function play(commands: readonly Command[], { isOpen, window, budgetBytes }: Setting): void {
  const run = new Run(window, budgetBytes)
  if (isOpen) for (const step of OPENING) run.do(step)
  for (const step of commands) run.do(step)
  run.finish()
  check(run)
}

const OPENING: readonly Command[] = [
  { do: 'deliver', side: 'east', line: 0, messages: 1 },
  { do: 'accept' },
  { do: 'deliver', side: 'west', line: 0, messages: 1 },
]

const setting: fc.Arbitrary<Setting> = fc.record({
  isOpen: fc.integer({ max: 3, min: 0 }).map((of4) => of4 > 0),
  window: fc.constantFrom(1_000, 10_000, 64 * 1024, 512 * 1024),
  budgetBytes: fc.constantFrom(0, 128 * 1024, 8 * 1024 * 1024),
})

const CLOSED: Setting = { isOpen: false, window: 1_000, budgetBytes: 0 }

/** What this test once found. */
const FOUND: readonly [Command[], Setting][] = [
  // An end of the flow that was never accepted took both half-closes for a good end.
  [
    [
      { do: 'end', side: 'west' },
      { do: 'deliver', side: 'east', line: 0, messages: 2 },
      { do: 'end', side: 'east' },
      { do: 'lose', side: 'west', line: 0 },
    ],
    CLOSED,
  ],
  // Bytes of a lost line that were read after the good end were told to the new line.
  [
    [
      { do: 'deliver', side: 'east', line: 0, messages: 1 },
      { do: 'end', side: 'west' },
      { do: 'accept' },
      { do: 'write', side: 'east', bytes: 1 },
      { do: 'end', side: 'east' },
      { do: 'lose', side: 'east', line: 0 },
      { do: 'deliver', side: 'west', line: 0, messages: 2 },
    ],
    CLOSED,
  ],
  // The opening of a flow arrived after its opener had been told that nobody knows it.
  [
    [
      { do: 'end', side: 'west' },
      { do: 'change-line' },
      { do: 'connect' },
      { do: 'deliver', side: 'east', line: 1, messages: 1 },
      { do: 'deliver', side: 'east', line: 2, messages: 2 },
    ],
    CLOSED,
  ],
]

test('any interleaving of writing, reading, ending, resetting and losing lines keeps the stream whole', () => {
  const commands = fc.noBias(fc.array(command, { maxLength: 100, size: 'max' }))
  fc.assert(fc.property(commands, setting, play), { numRuns: 500, examples: [...FOUND] })
})
