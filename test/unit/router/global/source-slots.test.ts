import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { MAX_SOURCE_SLOTS } from '../../../../src/api/limits.ts'
import { SOURCE_PORTS, SOURCE_SLOT_PORTS } from '../../../../src/api/names.ts'
import {
  SLOT_FORGOTTEN_MS,
  SLOT_QUIET_MS,
  SLOT_SHARE,
  TIME_WAIT_MS,
} from '../../../../src/router/global/limits.ts'
import { SourceSlots, type SourceUse, type TakenPort } from '../../../../src/router/global/source-slots.ts'

/** Slots whose announcements are in force at once. */
class World {
  now = 0
  /** Versions up to this one are settled with all agents. */
  settled = Number.POSITIVE_INFINITY
  readonly slots: SourceSlots
  announced: ReadonlyMap<number, string> = new Map()

  constructor(random = 0) {
    this.slots = new SourceSlots({
      now: () => this.now,
      random: () => random,
      settled: (version) => version <= this.settled,
    })
  }

  announce(): void {
    if (!this.slots.changed) return
    const { version, slots } = this.slots.announce()
    this.announced = slots
    this.slots.inForce(version)
  }

  /** A port, or why there is none. */
  take(changes: Partial<SourceUse> = {}): TakenPort | string {
    const use = {
      cluster: 'west',
      address: '242.0.0.1',
      protocol: 'TCP',
      backend: '10.0.0.1:80',
      ...changes,
    } as const
    for (;;) {
      const answer = this.slots.take(use)
      if (answer.kind === 'port') return answer.taken
      if (answer.kind === 'refused') return answer.reason
      this.announce()
    }
  }

  port(changes: Partial<SourceUse> = {}): TakenPort {
    const taken = this.take(changes)
    if (typeof taken === 'string') throw new Error(taken)
    return taken
  }

  giveBack(): void {
    this.slots.giveBack()
    this.announce()
  }
}

const slotOf = (port: number) => Math.floor((port - SOURCE_PORTS.first) / SOURCE_SLOT_PORTS)

test('a new address has its slot announced before a port of it is given out', () => {
  const { slots } = new World()
  const use = { cluster: 'west', address: '242.0.0.1', protocol: 'TCP', backend: 'b' } as const
  expect(slots.take(use)).toEqual({ kind: 'announced', version: 1 })
  expect(slots.take(use)).toEqual({ kind: 'announced', version: 1 })
  const { version, slots: told } = slots.announce()
  expect([version, [...told]]).toEqual([1, [[SOURCE_PORTS.first, '242.0.0.1']]])
  expect(slots.take(use).kind).toBe('announced')
  slots.inForce(1)
  expect(slots.take(use)).toMatchObject({ kind: 'port', taken: { port: SOURCE_PORTS.first } })
})

test('the first slot is somewhere, so that a new process begins elsewhere than the one before', () => {
  expect(slotOf(new World(0.5).port().port)).toBe(MAX_SOURCE_SLOTS / 2)
  expect(slotOf(new World(0.999_999).port().port)).toBe(MAX_SOURCE_SLOTS - 1)
})

describe('ports', () => {
  test('go round', () => {
    const world = new World()
    const ports = Array.from({ length: SOURCE_SLOT_PORTS + 1 }, () => {
      const taken = world.port()
      world.slots.give(taken, false)
      return taken.port - SOURCE_PORTS.first
    })
    expect(ports).toEqual([...Array(SOURCE_SLOT_PORTS).keys(), 0])
  })

  test('towards one backend are all different, and a further slot follows the first', () => {
    const world = new World()
    const ports = Array.from({ length: 200 }, () => world.port().port)
    expect(new Set(ports).size).toBe(200)
    expect(world.slots.size).toBe(Math.ceil(200 / SOURCE_SLOT_PORTS))
    expect(new Set([...world.announced.values()])).toEqual(new Set(['242.0.0.1']))
  })

  test('are shared by connections to different backends, and by no two associations', () => {
    const world = new World()
    for (let backend = 0; backend < 100; backend++) world.port({ backend: `${backend}` })
    expect(world.slots.size).toBe(1)
    for (let backend = 0; backend < 100; backend++) world.port({ backend: `${backend}`, protocol: 'UDP' })
    expect(world.slots.size).toBe(2)
  })

  test('that were left in TIME_WAIT rest', () => {
    const world = new World()
    const all = Array.from({ length: SOURCE_SLOT_PORTS }, () => world.port())
    for (const taken of all) world.slots.give(taken, true)
    const [first] = all
    expect(slotOf(world.port().port)).toBe(1)
    world.now += TIME_WAIT_MS
    expect(slotOf(world.port().port)).toBe(0)
    expect(first?.slot.index).toBe(0)
  })
})

describe('a slot', () => {
  test('is given back once it was quiet for long, and stands for another address then', () => {
    const world = new World()
    world.slots.give(world.port(), false)
    world.now += SLOT_QUIET_MS - 1
    world.giveBack()
    expect(world.slots.size).toBe(1)
    world.now += 1
    world.giveBack()
    expect([world.slots.size, world.announced.size]).toEqual([0, 0])
  })

  test('with a connection is never given back', () => {
    const world = new World()
    world.port()
    world.now += 100 * SLOT_QUIET_MS
    world.giveBack()
    expect(world.slots.size).toBe(1)
  })

  test('that agents may still know is not used for another address, until they have had time to forget it', () => {
    const world = new World()
    for (let at = 0; at < 300; at++)
      world.slots.give(world.port({ cluster: `c${at}`, address: `242.0.1.${at}` }), false)
    for (let at = 300; at < MAX_SOURCE_SLOTS; at++)
      world.port({ cluster: `c${at}`, address: `242.0.1.${at}` })
    world.now += SLOT_QUIET_MS
    world.giveBack()
    world.settled = 0
    expect(world.take({ cluster: 'new', address: '242.9.0.1' })).toBe('slots')
    world.now += SLOT_FORGOTTEN_MS
    expect(slotOf(world.port({ cluster: 'new', address: '242.9.0.1' }).port)).toBe(0)
  })
})

describe('a cluster that names thousands of its addresses', () => {
  test('has two of three slots at most, and others have theirs', () => {
    const world = new World()
    const answers = Array.from({ length: 2_000 }, (_, at) =>
      world.take({ cluster: 'busy', address: `242.1.0.${at}` }),
    )
    const had = answers.filter((answer) => typeof answer !== 'string').length
    expect(had).toBe(Math.ceil((MAX_SOURCE_SLOTS * SLOT_SHARE) / (SLOT_SHARE + 1)))
    expect(new Set(answers.filter((answer) => typeof answer === 'string'))).toEqual(new Set(['share']))
    for (let cluster = 0; cluster < 50; cluster++)
      world.port({ cluster: `c${cluster}`, address: `242.2.0.${cluster}` })
  })

  test('is refused for want of slots when there are none', () => {
    const world = new World()
    for (let at = 0; at < MAX_SOURCE_SLOTS; at++) world.port({ cluster: `c${at}`, address: `242.3.0.${at}` })
    expect(world.take({ cluster: 'late', address: '242.4.0.1' })).toBe('slots')
    expect(world.take({ cluster: 'c0', address: '242.3.0.0', backend: 'other' })).toMatchObject({
      port: expect.any(Number),
    })
  })
})

type Step =
  | { readonly do: 'take'; readonly address: number; readonly backend: number; readonly udp: boolean }
  | { readonly do: 'give'; readonly which: number; readonly rests: boolean }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'look' }
  | { readonly do: 'settle'; readonly isSettled: boolean }

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('take' as const),
        address: fc.nat(8),
        backend: fc.nat(2),
        udp: fc.boolean(),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({ do: fc.constant('give' as const), which: fc.nat(), rests: fc.boolean() }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('pass' as const),
        ms: fc.constantFrom(
          1,
          TIME_WAIT_MS - 1,
          TIME_WAIT_MS,
          SLOT_QUIET_MS - 1,
          SLOT_QUIET_MS,
          SLOT_FORGOTTEN_MS,
        ),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('look' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('settle' as const), isSettled: fc.boolean() }) },
  ),
  { maxLength: 150 },
)

/** What must hold whatever happens, kept beside the slots and by other means. */
class Watch {
  readonly world = new World()
  readonly #held: { readonly taken: TakenPort; readonly use: SourceUse }[] = []
  /** By `port user`: until when a connection may be in TIME_WAIT. */
  readonly #resting = new Map<string, number>()
  /** By slot: what it stood for, and when a port of it was last open. */
  readonly #last = new Map<number, { readonly address: string; readonly at: number }>()

  step(step: Step): void {
    if (step.do === 'take') this.#take(step)
    else if (step.do === 'give') this.#give(step)
    else if (step.do === 'pass') this.world.now += step.ms
    else if (step.do === 'look') this.world.giveBack()
    else this.world.settled = step.isSettled ? Number.POSITIVE_INFINITY : 0
    this.#bounds()
  }

  #take({ address, backend, udp }: Step & { readonly do: 'take' }): void {
    const use: SourceUse = {
      cluster: `c${address % 2}`,
      address: `242.0.0.${address}`,
      protocol: udp ? 'UDP' : 'TCP',
      backend: `b${backend}`,
    }
    const taken = this.world.port(use)
    const slot = slotOf(taken.port)
    expect(this.world.announced.get(SOURCE_PORTS.first + slot * SOURCE_SLOT_PORTS)).toBe(use.address)
    expect(this.#held.filter((other) => collides(other, taken, use))).toEqual([])
    expect(this.#resting.get(`${taken.port} ${taken.user}`) ?? 0).toBeLessThanOrEqual(this.world.now)
    const last = this.#last.get(slot)
    if (last !== undefined && last.address !== use.address)
      expect(this.world.now - last.at).toBeGreaterThanOrEqual(SLOT_QUIET_MS)
    this.#held.push({ taken, use })
    this.#touch(taken, use)
  }

  #give({ which, rests }: Step & { readonly do: 'give' }): void {
    const [gone] = this.#held.splice(which % Math.max(1, this.#held.length), 1)
    if (gone === undefined) return
    const { taken, use } = gone
    this.world.slots.give(taken, rests)
    if (rests) this.#resting.set(`${taken.port} ${taken.user}`, this.world.now + TIME_WAIT_MS)
    this.#touch(taken, use)
  }

  #touch({ port }: TakenPort, { address }: SourceUse): void {
    this.#last.set(slotOf(port), { address, at: this.world.now })
  }

  #bounds(): void {
    const { announced, slots } = this.world
    expect(slots.size).toBeLessThanOrEqual(MAX_SOURCE_SLOTS)
    expect(announced.size).toBe(slots.size)
    for (const { taken, use } of this.#held) {
      const first = SOURCE_PORTS.first + slotOf(taken.port) * SOURCE_SLOT_PORTS
      expect(announced.get(first)).toBe(use.address)
      expect(taken.port).toBeLessThanOrEqual(SOURCE_PORTS.last)
    }
  }
}

function collides(
  other: { readonly taken: TakenPort; readonly use: SourceUse },
  { port }: TakenPort,
  use: SourceUse,
): boolean {
  if (other.taken.port !== port || other.use.protocol !== use.protocol) return false
  return use.protocol === 'UDP' || other.use.backend === use.backend
}

test('no slot stands for two addresses, no port is open twice, and nothing is used again before its time', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const watch = new Watch()
      for (const step of list) watch.step(step)
    }),
    { numRuns: 300 },
  )
})

test('whoever asks for what, no cluster takes more than its share and all slots together are bounded', () => {
  const wishes = fc.array(fc.tuple(fc.constantFrom('a', 'a', 'a', 'b', 'c'), fc.nat(2_000)), {
    minLength: 500,
    maxLength: 900,
  })
  fc.assert(
    fc.property(wishes, (list) => {
      const world = new World()
      const owned = new Map<string, Set<number>>()
      for (const [cluster, at] of list) {
        const taken = world.take({ cluster, address: `242.${cluster.charCodeAt(0)}.${at >> 8}.${at & 255}` })
        if (typeof taken !== 'string')
          owned.set(cluster, (owned.get(cluster) ?? new Set()).add(taken.slot.index))
      }
      const sizes = [...owned.values()].map(({ size }) => size)
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(world.slots.size)
      expect(world.slots.size).toBeLessThanOrEqual(MAX_SOURCE_SLOTS)
      for (const size of sizes)
        expect(size).toBeLessThanOrEqual(Math.ceil((MAX_SOURCE_SLOTS * SLOT_SHARE) / (SLOT_SHARE + 1)))
    }),
    { numRuns: 30 },
  )
})
