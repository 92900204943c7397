/** Many routers' topology engines in one process, joined by links that take time, in virtual time. */
import type { TopologyMessage } from '../../src/api/router-advertisement.ts'
import { silentLogger } from '../../src/core/log.ts'
import { CONTROL_CREDIT } from '../../src/link/limits.ts'
import type { TopologyChannel } from '../../src/router/topology/neighbour-sync.ts'
import { type NeighbourSession, TopologyEngine } from '../../src/router/topology/topology-engine.ts'
import { dice, type Graph, type Pair } from './graphs.ts'
import type { Traffic } from './messages.ts'
import { VirtualClock } from './virtual-clock.ts'

/** One link: both ends' sessions while it stands, and what it carried. */
interface Link {
  readonly ends: Pair
  readonly latencyMs: number
  up: { readonly sessions: NeighbourSession[]; isUp: boolean } | undefined
  messages: number
  bytes: number
}

/** The sending side of one end. The peer works messages off when they arrive. */
class SimulatedChannel implements TopologyChannel {
  readonly #deliver: (message: TopologyMessage) => void
  #underWay = 0

  constructor(deliver: (message: TopologyMessage) => void) {
    this.#deliver = deliver
  }

  get writable(): boolean {
    return this.#underWay < CONTROL_CREDIT
  }

  send(message: TopologyMessage, onAccepted?: () => void): void {
    this.#underWay += 1
    this.#deliver(message)
    this.accepted.push(onAccepted)
  }

  readonly accepted: ((() => void) | undefined)[] = []

  /** The oldest message was worked off. */
  accept(): void {
    this.#underWay -= 1
    this.accepted.shift()?.()
  }
}

export class Simulation {
  readonly clock = new VirtualClock()
  readonly engines: (TopologyEngine | undefined)[] = []
  readonly ids: string[] = []
  readonly links: readonly Link[]
  /** When any view changed last, virtual milliseconds. */
  lastChange = 0
  readonly #random = dice(7)
  #born = 0

  constructor(graph: Graph, latencyMs: number) {
    this.links = graph.links.map((ends) => ({
      ends,
      // From half to one and a half of what is given.
      latencyMs: latencyMs * (0.5 + this.#random()),
      up: undefined,
      messages: 0,
      bytes: 0,
    }))
  }

  /** Starts a new process in a place; its links are connected where the other end runs. */
  boot(place: number): void {
    this.#born += 1
    const router = this.#born.toString(16).padStart(32, '0')
    const self = { router, name: `router-${place}`, cluster: `c${place}` }
    const engine = new TopologyEngine({ clock: this.clock, random: this.#random, logger: silentLogger }, self)
    engine.view.subscribe(() => {
      this.lastChange = this.clock.monotonic()
    })
    this.ids[place] = router
    this.engines[place] = engine
    engine.start()
    for (const link of this.links) if (link.ends.includes(place)) this.connect(link)
  }

  /** Ends the process in a place. */
  kill(place: number): void {
    for (const link of this.links) if (link.ends.includes(place)) this.cut(link)
    this.engines[place]?.stop()
    this.engines[place] = undefined
  }

  connect(link: Link): void {
    const [a, b] = link.ends
    const engines = [this.engines[a], this.engines[b]]
    if (link.up !== undefined || engines[0] === undefined || engines[1] === undefined) return
    const up = { sessions: [] as NeighbourSession[], isUp: true }
    link.up = up
    const channels = [0, 1].map((end) => {
      const channel: SimulatedChannel = new SimulatedChannel((message) => {
        link.messages += 1
        link.bytes += JSON.stringify(message).length
        this.clock.after(link.latencyMs, () => {
          if (!up.isUp) return
          up.sessions[1 - end]?.receive(message)
          channel.accept()
          up.sessions[end]?.writable()
        })
      })
      return channel
    })
    for (const end of [0, 1] as const) {
      const other = link.ends[1 - end] ?? 0
      const terms = { router: this.ids[other] ?? '', cluster: `c${other}`, cost: 1 }
      const session = engines[end]?.connect(terms, channels[end] as SimulatedChannel)
      if (session !== undefined) up.sessions.push(session)
    }
  }

  cut(link: Link): void {
    const { up } = link
    if (up === undefined) return
    link.up = undefined
    up.isUp = false
    for (const session of up.sessions) session.closed()
  }

  /** Does something, lets `ms` pass, and says what it took. `settledMs` is the time until the last view changed. */
  measure(act: () => void, ms: number): Traffic & { readonly settledMs: number; readonly cpuMs: number } {
    for (const link of this.links) {
      link.messages = 0
      link.bytes = 0
    }
    const start = this.clock.monotonic()
    const cpu = process.cpuUsage()
    this.lastChange = start
    act()
    this.clock.advance(ms)
    const { user, system } = process.cpuUsage(cpu)
    return { ...this.#traffic(), settledMs: this.lastChange - start, cpuMs: (user + system) / 1_000 }
  }

  #traffic(): Traffic {
    const sum = (of: (link: Link) => number) => this.links.reduce((total, link) => total + of(link), 0)
    const most = (of: (link: Link) => number) => this.links.reduce((max, link) => Math.max(max, of(link)), 0)
    const count = this.links.length
    return {
      messages: sum(({ messages }) => messages),
      messagesPerLink: sum(({ messages }) => messages) / count,
      mostMessages: most(({ messages }) => messages),
      bytesPerLink: sum(({ bytes }) => bytes) / count,
      mostBytes: most(({ bytes }) => bytes),
    }
  }
}
