/** Engines of the topology joined by channels that a test delivers, loses, repeats and reorders by hand. */
import type { RouterAdvertisement, TopologyMessage } from '../../src/api/router-advertisement.ts'
import { silentLogger } from '../../src/core/log.ts'
import { MessageCodec } from '../../src/link/message-codec.ts'
import type { TopologyChannel } from '../../src/router/topology/neighbour-sync.ts'
import { PathComputer } from '../../src/router/topology/path-computer.ts'
import { type NeighbourSession, TopologyEngine } from '../../src/router/topology/topology-engine.ts'
import type { TopologyView } from '../../src/router/topology/topology-view.ts'
import { HandClock } from './hand-clock.ts'

/** The id of a router in a test. */
export function routerId(number: number): string {
  return number.toString(16).padStart(32, '0')
}

/** An advertisement whose neighbours all cost 1. */
export function advertisement(
  router: number,
  neighbours: readonly number[],
  changes: Partial<RouterAdvertisement> = {},
): RouterAdvertisement {
  return {
    router: routerId(router),
    name: `router-${router}`,
    cluster: `c${router}`,
    sequence: 1,
    draining: false,
    neighbours: neighbours.map((id) => [routerId(id), 1, 1] as const),
    ...changes,
  }
}

/** What router 0 makes of advertisements. */
export function viewOf(...said: readonly RouterAdvertisement[]): TopologyView {
  const clock = new HandClock()
  const paths = new PathComputer(clock, advertisement(0, []))
  for (const one of said) paths.set(one)
  clock.advance(1_000)
  return paths.view.current()
}

interface Letter {
  readonly message: TopologyMessage
  readonly onAccepted: (() => void) | undefined
}

const codec = new MessageCodec()

/** One direction of a session. */
export class Wire implements TopologyChannel {
  writable = true
  readonly letters: Letter[] = []

  send(message: TopologyMessage, onAccepted?: () => void): void {
    const read = codec.decode(codec.encode(message)) as TopologyMessage
    this.letters.push({ message: read, onAccepted })
  }

  get messages(): TopologyMessage[] {
    return this.letters.map(({ message }) => message)
  }
}

/** A session between two routers, both directions. */
export interface Cable {
  readonly ends: readonly [number, number]
  readonly cost: number
  readonly wires: readonly [Wire, Wire]
  readonly sessions: readonly [NeighbourSession, NeighbourSession]
}

/** Routers that come, go and are joined; `number` of a place stays, its id changes with each restart. */
export class TopologyWorld {
  readonly clock = new HandClock()
  readonly engines: TopologyEngine[] = []
  readonly ids: string[] = []
  readonly cables = new Set<Cable>()
  #born = 0
  #seed = 1

  constructor(size: number) {
    for (let place = 0; place < size; place += 1) this.#boot(place)
  }

  engine(place: number): TopologyEngine {
    const engine = this.engines[place]
    if (engine === undefined) throw new Error('no such router')
    return engine
  }

  id(place: number): string {
    return this.ids[place] ?? ''
  }

  connect(a: number, b: number, cost = 1): Cable {
    const wires = [new Wire(), new Wire()] as const
    const terms = (place: number) => ({ router: this.id(place), cluster: `c${place}`, cost })
    const sessions = [
      this.engine(a).connect(terms(b), wires[0]),
      this.engine(b).connect(terms(a), wires[1]),
    ] as const
    const cable = { ends: [a, b], cost, wires, sessions } as const
    this.cables.add(cable)
    return cable
  }

  cut(cable: Cable): void {
    if (!this.cables.delete(cable)) return
    for (const session of cable.sessions) session.closed()
  }

  /** Another process takes the place. */
  restart(place: number): void {
    for (const cable of [...this.cables]) if (cable.ends.includes(place)) this.cut(cable)
    this.engine(place).stop()
    this.#boot(place)
  }

  /** Hands over the letter at `index` of one wire; `again` leaves it in, as if it came twice. */
  deliver(cable: Cable, end: 0 | 1, index = 0, again = false): void {
    const letter = cable.wires[end].letters[index]
    if (letter === undefined) return
    if (!again) cable.wires[end].letters.splice(index, 1)
    letter.onAccepted?.()
    cable.sessions[end === 0 ? 1 : 0].receive(letter.message)
  }

  lose(cable: Cable, end: 0 | 1, index: number): void {
    cable.wires[end].letters.splice(index, 1)
  }

  /** Time passes, in steps, and everything is delivered in order. */
  settle(ms: number, step = 100): void {
    for (let passed = 0; passed < ms; passed += step) {
      this.clock.advance(step)
      this.#deliverAll()
    }
  }

  stop(): void {
    for (const engine of this.engines) engine.stop()
  }

  #deliverAll(): void {
    let isQuiet = false
    for (let round = 0; !isQuiet; round += 1) {
      if (round > 1_000) throw new Error('messages go round in circles')
      isQuiet = true
      for (const cable of this.cables) {
        for (const end of [0, 1] as const) {
          for (let left = cable.wires[end].letters.length; left > 0; left -= 1) {
            isQuiet = false
            this.deliver(cable, end)
          }
        }
      }
      this.clock.advance(0)
    }
  }

  #boot(place: number): void {
    this.#born += 1
    const id = routerId(this.#born)
    this.ids[place] = id
    const random = () => {
      this.#seed = (this.#seed * 48_271) % 2_147_483_647
      return this.#seed / 2_147_483_647
    }
    const engine = new TopologyEngine(
      { clock: this.clock, random, logger: silentLogger },
      { router: id, name: `router-${place}`, cluster: `c${place}` },
    )
    this.engines[place] = engine
    engine.start()
  }
}
