import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { OriginState } from '../../../src/api/service-record.ts'
import { silentLogger } from '../../../src/core/log.ts'
import { Snapshot } from '../../../src/core/snapshot.ts'
import { deltaBetween } from '../../../src/link/directory-replica.ts'
import { DirectoryStore } from '../../../src/link/directory-store.ts'
import {
  type DirectoryChannel,
  DirectorySync,
  type DirectorySyncConfig,
} from '../../../src/link/directory-sync.ts'
import type { DirectoryMessage, OriginVersion } from '../../../src/link/messages.ts'
import type { VerifyOrigin } from '../../../src/link/origin-signatures.ts'
import { stateOf } from '../../support/network.ts'

/** A channel that keeps what is sent until it is delivered by hand. */
class Wire implements DirectoryChannel {
  writable = true
  readonly sent: { message: DirectoryMessage; onAccepted?: () => void }[] = []

  send(message: DirectoryMessage, onAccepted?: () => void): void {
    this.sent.push(onAccepted === undefined ? { message } : { message, onAccepted })
  }

  get types(): string[] {
    return this.sent.map(({ message }) => message.type)
  }
}

const believing: VerifyOrigin = () => undefined

const ANY: DirectorySyncConfig = { maySend: () => true, mayReceive: () => true }

function side(config: DirectorySyncConfig = ANY, verify = believing) {
  const store = new DirectoryStore(verify)
  const wire = new Wire()
  return { store, wire, sync: new DirectorySync({ store, channel: wire, logger: silentLogger }, config) }
}

/** A side whose peer has said that it has nothing. */
function synced(config?: DirectorySyncConfig, verify?: VerifyOrigin) {
  const made = side(config, verify)
  made.sync.onMessage({ type: 'directory-digest', last: true, origins: [] })
  return made
}

test('a peer is told what is newer here, and nothing else', () => {
  const { store, wire, sync } = side()
  store.replace(stateOf('old', 1, 1, ['a']))
  store.replace(stateOf('same', 1, 1, ['a']))
  store.replace(stateOf('new', 1, 1, ['a']))
  const origins = [
    { cluster: 'old', epoch: 1, sequence: 9 },
    { cluster: 'same', epoch: 1, sequence: 1 },
  ]
  sync.onMessage({ type: 'directory-digest', last: true, origins })
  expect(wire.sent.map(({ message }) => message)).toMatchObject([
    { type: 'directory-origin', cluster: 'new' },
  ])
})

test('nothing is sent before the peer has said what it has', () => {
  const { store, wire } = side()
  store.replace(stateOf('east', 1, 1, ['a']))
  expect(wire.sent).toEqual([])
})

test('a change goes out as a delta to a peer that has its base', () => {
  const { store, wire } = synced()
  store.replace(stateOf('east', 1, 1, ['a']))
  store.change(delta(stateOf('east', 1, 1, ['a']), stateOf('east', 1, 2, ['a', 'b'])))
  expect(wire.types).toEqual(['directory-origin', 'directory-delta'])
})

test('what came from the peer is not sent back to it', () => {
  const { sync, wire } = synced()
  const [part] = [
    { ...stateOf('east', 1, 1, []), type: 'directory-origin' as const, part: 0, last: true, records: [] },
  ]
  sync.onMessage(part)
  expect(wire.sent).toEqual([])
})

test('a peer that takes nothing now gets the newest state whole later, not every step', () => {
  const { store, wire, sync } = synced()
  wire.writable = false
  let state = stateOf('east', 1, 1, ['a'])
  store.replace(state)
  for (let sequence = 2; sequence <= 20; sequence += 1) {
    const next = stateOf('east', 1, sequence, [`s${sequence}`])
    store.change(delta(state, next))
    state = next
  }
  expect(wire.sent).toEqual([])
  wire.writable = true
  sync.pump()
  expect(wire.sent.map(({ message }) => message)).toMatchObject([{ type: 'directory-origin', sequence: 20 }])
})

test('a delta without its base makes one request for the whole', () => {
  const { wire, sync } = synced()
  const missing = { type: 'directory-delta', cluster: 'east', epoch: 1, upserts: [], removes: [] } as const
  sync.onMessage({ ...missing, from: 4, to: 5 })
  sync.onMessage({ ...missing, from: 5, to: 6 })
  expect(wire.sent.map(({ message }) => message)).toEqual([{ type: 'directory-request', cluster: 'east' }])
})

test('a request is answered with the whole, even when the peer was thought to have it', () => {
  const { store, wire, sync } = synced()
  store.replace(stateOf('east', 1, 1, ['a']))
  sync.onMessage({ type: 'directory-request', cluster: 'east' })
  expect(wire.types).toEqual(['directory-origin', 'directory-origin'])
})

test('it is known when the peer has told all that it had, and only what it may tell is waited for', () => {
  let times = 0
  const config = {
    ...ANY,
    mayReceive: (cluster: string) => cluster !== 'west',
    onCaughtUp: () => void times++,
  }
  const { sync, store } = side(config)
  store.replace(stateOf('south', 1, 5, ['a']))
  const version = (cluster: string, sequence: number) => ({ cluster, epoch: 1, sequence })
  const origins = [version('east', 2), version('north', 1), version('south', 5), version('west', 9)]
  sync.onMessage({ type: 'directory-digest', last: false, origins: origins.slice(0, 2) })
  sync.onMessage({ type: 'directory-digest', last: true, origins: origins.slice(2) })
  const whole = (cluster: string, sequence: number, part: number, last: boolean) =>
    sync.onMessage({ type: 'directory-origin', ...version(cluster, sequence), part, last, records: [] })
  whole('east', 2, 0, false)
  whole('east', 2, 1, true)
  expect(times).toBe(0)
  whole('north', 1, 0, true)
  expect(times).toBe(1)
  whole('east', 3, 0, true)
  expect(times).toBe(1)
})

test('a peer that has nothing new has told all at once', () => {
  let times = 0
  synced({ ...ANY, onCaughtUp: () => void times++ })
  expect(times).toBe(1)
})

test('what a peer may not be told is not told', () => {
  const { store, wire } = synced({ maySend: (cluster) => cluster !== 'west', mayReceive: () => true })
  store.replace(stateOf('west', 1, 1, ['a']))
  expect(wire.sent).toEqual([])
})

test('what a peer may not say is a violation', () => {
  const { sync, store } = synced({ maySend: () => true, mayReceive: (cluster) => cluster !== 'east' })
  const forged = {
    type: 'directory-origin',
    cluster: 'east',
    epoch: 1,
    sequence: 1,
    part: 0,
    last: true,
    records: [],
  } as const
  expect(() => sync.onMessage(forged)).toThrow('may not come from this peer')
  expect(store.origin('east')).toBeUndefined()
})

test('a second digest and a delta that goes back are violations', () => {
  const { sync } = synced()
  expect(() => sync.onMessage({ type: 'directory-digest', last: true, origins: [] })).toThrow('second digest')
  const back = {
    type: 'directory-delta',
    cluster: 'east',
    epoch: 1,
    from: 2,
    to: 2,
    upserts: [],
    removes: [],
  } as const
  expect(() => sync.onMessage(back)).toThrow('goes back')
})

test('parts of two clusters may not be mixed', () => {
  const { sync } = synced()
  const part = (cluster: string, index: number) =>
    ({
      type: 'directory-origin',
      cluster,
      epoch: 1,
      sequence: 1,
      part: index,
      last: false,
      records: [],
    }) as const
  sync.onMessage(part('east', 0))
  expect(() => sync.onMessage(part('west', 0))).toThrow('out of order')
})

test('it is known what the peer holds: what it said, and what it has accepted', () => {
  const held: OriginVersion[] = []
  const { store, wire, sync } = side({
    ...ANY,
    onHeld: ({ cluster, epoch, sequence }) => held.push({ cluster, epoch, sequence }),
  })
  store.replace(stateOf('east', 1, 2, ['a']))
  sync.onMessage({
    type: 'directory-digest',
    last: true,
    origins: [{ cluster: 'east', epoch: 1, sequence: 1 }],
  })
  expect(held).toEqual([{ cluster: 'east', epoch: 1, sequence: 1 }])
  wire.sent[0]?.onAccepted?.()
  expect(held.at(-1)).toEqual({ cluster: 'east', epoch: 1, sequence: 2 })
})

/** Believes what these say. */
const refusing =
  (isForgery: (state: OriginState) => boolean | undefined): VerifyOrigin =>
  (state) => {
    const found = isForgery(state)
    return found === undefined ? undefined : { reason: 'forged', detail: 'no good', isForgery: found }
  }
const whole = (state: OriginState): DirectoryMessage => {
  const { records, ...version } = state
  return { type: 'directory-origin', ...version, part: 0, last: true, records: [...records.values()] }
}
const requestFor = (cluster: string) => ({ type: 'directory-request', cluster })

test('what its cluster has not signed is not taken, and who passes it on is asked once more', () => {
  const { sync, store, wire } = synced(
    ANY,
    refusing(({ sequence }) => (sequence < 5 ? true : undefined)),
  )
  for (const sequence of [1, 2, 3]) sync.onMessage(whole(stateOf('east', 1, sequence, ['a'])))
  expect(store.origin('east')).toBeUndefined()
  expect(wire.sent.map(({ message }) => message)).toEqual([requestFor('east')])
  sync.onMessage(whole(stateOf('east', 1, 5, ['a'])))
  expect(store.origin('east')).toMatchObject({ sequence: 5 })
  const base = stateOf('east', 1, 5, ['a'])
  sync.onMessage(delta(base, { ...base, sequence: 6 }))
  expect(store.origin('east')).toMatchObject({ sequence: 6 })
})

test('a change is checked by what it comes to, and a bad one leaves all as it was', () => {
  const base = stateOf('east', 1, 1, ['a'])
  const { sync, store, wire } = synced(
    ANY,
    refusing(({ records }) => records.has('demo/evil') || undefined),
  )
  sync.onMessage(whole(base))
  sync.onMessage(delta(base, stateOf('east', 1, 2, ['a', 'evil'])))
  expect(store.origin('east')).toMatchObject({ sequence: 1, records: base.records })
  expect(wire.sent.map(({ message }) => message)).toEqual([requestFor('east')])
})

test('the cluster itself is shut out when it tells what it has not signed, but not for what is old', () => {
  const owns = (cluster: string) => cluster === 'east'
  const forging = synced(
    { ...ANY, owns },
    refusing(() => true),
  )
  expect(() => forging.sync.onMessage(whole(stateOf('east', 1, 1, [])))).toThrow('no good')
  expect(() => forging.sync.onMessage(whole(stateOf('north', 1, 1, [])))).not.toThrow()
  const old = synced(
    { ...ANY, owns },
    refusing(() => false),
  )
  expect(() => old.sync.onMessage(whole(stateOf('east', 1, 1, [])))).not.toThrow()
  expect(old.store.origin('east')).toBeUndefined()
})

test('it is not waited for what was told and is not taken', () => {
  let times = 0
  const { sync } = side(
    { ...ANY, onCaughtUp: () => void times++ },
    refusing(() => true),
  )
  const origins = [{ cluster: 'east', epoch: 1, sequence: 1 }]
  sync.onMessage({ type: 'directory-digest', last: true, origins })
  sync.onMessage(whole(stateOf('east', 1, 1, [])))
  expect(times).toBe(1)
})

test('what was not believed is asked for again when others are trusted', () => {
  const trust = new Snapshot(0)
  const { sync, store, wire } = synced(
    { ...ANY, trust },
    refusing(() => (trust.current() === 0 ? false : undefined)),
  )
  const state = stateOf('east', 1, 1, ['a'])
  sync.onMessage(whole(state))
  sync.onMessage(whole(state))
  trust.set(1)
  expect(wire.sent.map(({ message }) => message)).toEqual([requestFor('east'), requestFor('east')])
  sync.onMessage(whole(state))
  expect(store.origin('east')).toMatchObject({ sequence: 1 })
  sync.stop()
  trust.set(2)
  expect(wire.sent).toHaveLength(2)
})

/** One router of the model: a store, and a sync with each neighbour over an ordered wire. */
interface Node {
  readonly store: DirectoryStore
  readonly links: Map<number, { sync: DirectorySync; wire: Wire }>
}

type Step =
  | {
      readonly kind: 'publish'
      readonly node: number
      readonly names: readonly string[]
      readonly restart: boolean
    }
  | { readonly kind: 'deliver'; readonly node: number; readonly count: number }
  | { readonly kind: 'reconnect'; readonly node: number }

const NODES = 3
const nodeIndex = fc.nat({ max: NODES - 1 })
const steps = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('publish' as const),
      node: nodeIndex,
      names: fc.uniqueArray(fc.constantFrom('a', 'b', 'c')),
      restart: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('deliver' as const), node: nodeIndex, count: fc.nat({ max: 4 }) }),
    fc.record({ kind: fc.constant('reconnect' as const), node: nodeIndex }),
  ),
  { maxLength: 40 },
)

/** Three routers in a ring, each the origin of one cluster. */
class Ring {
  readonly nodes: Node[] = Array.from({ length: NODES }, () => ({
    store: new DirectoryStore(believing),
    links: new Map(),
  }))
  readonly newest: OriginState[] = []
  messages = 0

  constructor() {
    for (let node = 0; node < NODES; node += 1) this.connect(node, (node + 1) % NODES)
  }

  connect(a: number, b: number): void {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const node = this.#node(from)
      node.links.get(to)?.sync.stop()
      const wire = new Wire()
      const sync = new DirectorySync(
        { store: node.store, channel: wire, logger: silentLogger },
        { maySend: (cluster) => cluster !== `c${to}`, mayReceive: (cluster) => cluster !== `c${from}` },
      )
      node.links.set(to, { sync, wire })
    }
    this.#node(a).links.get(b)?.sync.start()
    this.#node(b).links.get(a)?.sync.start()
  }

  publish(index: number, names: readonly string[], restart: boolean): void {
    const { store } = this.#node(index)
    const before = this.newest[index] ?? stateOf(`c${index}`, 1, 0, [])
    const epoch = restart ? before.epoch + 1 : before.epoch
    const next = stateOf(`c${index}`, epoch, restart ? 1 : before.sequence + 1, names)
    const change = restart ? undefined : delta(before, next)
    if (change === undefined || store.change(change).kind !== 'applied') store.replace(next)
    this.newest[index] = next
  }

  /** Delivers up to `count` messages of each wire out of a node; says whether there were any. */
  deliver(index: number, count: number): boolean {
    let any = false
    for (const [to, { wire }] of this.#node(index).links) {
      for (const { message } of wire.sent.splice(0, count)) {
        any = true
        this.messages += 1
        this.#node(to).links.get(index)?.sync.onMessage(message)
      }
    }
    return any
  }

  settle(): void {
    while (this.nodes.map((_, index) => this.deliver(index, 100)).some(Boolean)) {
      if (this.messages > 5000) throw new Error('messages go round in circles')
    }
  }

  #node(index: number): Node {
    const node = this.nodes[index]
    if (node === undefined) throw new Error('no such node')
    return node
  }
}

function run(ring: Ring, step: Step): void {
  if (step.kind === 'publish') ring.publish(step.node, step.names, step.restart)
  else if (step.kind === 'deliver') ring.deliver(step.node, step.count)
  else ring.connect(step.node, (step.node + 1) % NODES)
}

test('routers in a ring agree in the end, whatever was published, delivered late or cut off in between', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const ring = new Ring()
      for (const step of list) run(ring, step)
      ring.settle()
      for (const { store } of ring.nodes) {
        for (const state of ring.newest) {
          if (state === undefined) continue
          expect(store.origin(state.cluster)).toMatchObject({ epoch: state.epoch, sequence: state.sequence })
          expect(store.origin(state.cluster)?.records).toEqual(state.records)
        }
      }
    }),
  )
})

function delta(from: OriginState, to: OriginState) {
  const found = deltaBetween(from, to)
  if (found === undefined) throw new Error('no delta')
  return found
}

test('a later version of records that the peer may not tell us is told to the owner, when the digest is whole', () => {
  const outdone: OriginVersion[] = []
  const { store, sync } = side({
    ...ANY,
    mayReceive: (cluster) => cluster !== 'own' && cluster !== 'same',
    onOutdone: (version) => void outdone.push(version),
  })
  store.replace(stateOf('own', 5, 1, []))
  store.replace(stateOf('same', 5, 1, []))
  const versionOf = (cluster: string, epoch: number) => ({ cluster, epoch, sequence: 1 })
  sync.onMessage({ type: 'directory-digest', last: false, origins: [versionOf('own', 9)] })
  expect(outdone).toEqual([])
  const origins = [versionOf('same', 5), versionOf('other', 9)]
  sync.onMessage({ type: 'directory-digest', last: true, origins })
  expect(outdone).toEqual([versionOf('own', 9)])
})
