/**
 * Clusters that claim blocks without a broker: whatever is lost, doubled, reordered or divided, and whatever their clocks
 * say, nobody ever sees two owners of one address; and when the network is whole again all agree, on disjoint blocks.
 */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Cidr, formatCidr, lastOf, overlaps, sizeOf } from '../../../src/core/cidr.ts'
import { chooseBlock } from '../../../src/globalnet/block-choice.ts'
import { byPrecedence, type Claim, StandingClaims } from '../../../src/globalnet/block-precedence.ts'
import type { QuietBlock } from '../../../src/globalnet/block-quiet.ts'
import { ClaimingCluster, ClaimWorld, QUIET_MS, WORLD_RANGE } from '../../support/claim-world.ts'

const CLUSTERS = 5
const DAY = 86_400_000

type Command =
  | { readonly do: 'join' | 'leave' | 'act' | 'tell' | 'stop' | 'restart' | 'lose-all'; readonly who: number }
  | { readonly do: 'deliver' | 'repeat' | 'lose'; readonly pick: number }
  | { readonly do: 'divide'; readonly parts: readonly number[] }
  | { readonly do: 'resize'; readonly who: number; readonly prefix: number }
  | { readonly do: 'want'; readonly who: number; readonly number: number }
  | { readonly do: 'wait'; readonly ms: number }

const who = fc.nat({ max: CLUSTERS - 1 })
const pick = fc.nat({ max: 400 })
/** Half of the range to an eighth of it: five clusters often want more than there is. */
const prefix = fc.integer({ min: 28, max: 30 })
const each = (weight: number, name: 'join' | 'leave' | 'act' | 'tell' | 'stop' | 'restart' | 'lose-all') => ({
  weight,
  arbitrary: fc.record({ do: fc.constant(name), who }) as fc.Arbitrary<Command>,
})
const message = (weight: number, name: 'deliver' | 'repeat' | 'lose') => ({
  weight,
  arbitrary: fc.record({ do: fc.constant(name), pick }) as fc.Arbitrary<Command>,
})
const other = (weight: number, arbitrary: fc.Arbitrary<Command>) => ({ weight, arbitrary })

const command: fc.Arbitrary<Command> = fc.oneof(
  each(10, 'join'),
  each(2, 'leave'),
  each(30, 'act'),
  each(16, 'tell'),
  each(2, 'stop'),
  each(3, 'restart'),
  each(1, 'lose-all'),
  message(60, 'deliver'),
  message(8, 'repeat'),
  message(8, 'lose'),
  other(
    4,
    fc.record({ do: fc.constant('divide' as const), parts: fc.array(fc.nat({ max: 2 }), { maxLength: 5 }) }),
  ),
  other(2, fc.record({ do: fc.constant('resize' as const), who, prefix })),
  other(2, fc.record({ do: fc.constant('want' as const), who, number: fc.nat({ max: 7 }) })),
  other(6, fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 1, 5_000, 20_000) })),
)

const scenario = fc.record({
  clusters: fc.array(
    fc.record({
      prefix,
      offset: fc.constantFrom(0, 0, 3, -3, 60_000, -DAY, 3 * DAY),
      joined: fc.boolean(),
      /** Part of its id, and so of the order in which it asks for blocks. */
      salt: fc.nat({ max: 999 }),
    }),
    { minLength: CLUSTERS, maxLength: CLUSTERS },
  ),
  commands: fc.array(command, { minLength: 10, maxLength: 120, size: 'max' }),
  order: fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: CLUSTERS }),
})

interface Start {
  readonly prefix: number
  readonly offset: number
  readonly joined: boolean
  readonly salt: number
}

/** What one cluster has heard that others gave up: by block and cluster, when the rest is over by its clock. */
class HeardRests {
  #recorded = new Map<string, QuietBlock>()
  #heard = new Map<string, QuietBlock>()

  heard(before: readonly Claim[], after: readonly Claim[], now: number): void {
    const present = new Set(after.map(nameOf))
    for (const { cluster, block } of before) {
      const name = nameOf({ cluster, block })
      if (!present.has(name)) this.#heard.set(name, { cluster, block, until: now + QUIET_MS })
    }
    for (const name of present) this.#heard.delete(name)
  }

  /** It looked at its claim, and recorded what it knew. */
  acted(): void {
    this.#recorded = new Map(this.#heard)
  }

  restarted(): void {
    this.#heard = new Map(this.#recorded)
  }

  lostAll(): void {
    this.#recorded.clear()
    this.#heard.clear()
  }

  /** No new claim is for a block that somebody else gave up a moment ago. */
  expectSpared({ cluster, block }: Claim, now: number): void {
    for (const each of this.#heard.values()) {
      if (each.cluster !== cluster && each.until > now && overlaps(each.block, block))
        throw new Error(`${formatCidr(block)} is taken while ${formatCidr(each.block)} rests`)
    }
  }
}

const nameOf = ({ cluster, block }: Pick<Claim, 'cluster' | 'block'>) => `${cluster} ${formatCidr(block)}`

class Run {
  readonly world: ClaimWorld
  readonly rests: readonly HeardRests[]

  constructor(clusters: readonly Start[]) {
    this.world = new ClaimWorld(
      clusters.map(
        ({ prefix, offset, salt }, index) => new ClaimingCluster(`c${salt}-${index}`, prefix, offset),
      ),
    )
    this.rests = clusters.map(() => new HeardRests())
    for (const [index, { joined }] of clusters.entries()) {
      const cluster = this.world.clusters[index]
      if (cluster !== undefined) cluster.joined = joined
    }
  }

  do(step: Command): void {
    if ('who' in step) this.#doAt(step, this.world.clusters[step.who])
    else if (step.do === 'divide') this.world.divide(step.parts)
    else if (step.do === 'wait') this.world.time += step.ms
    else if (step.do === 'lose') this.world.lose(step.pick)
    else this.#deliver(step.pick, step.do === 'repeat')
  }

  #deliver(pick: number, again: boolean): void {
    const before = this.world.clusters.map(({ others }) => others)
    this.world.deliver(pick, again)
    for (const [index, cluster] of this.world.clusters.entries())
      this.rests[index]?.heard(before[index] ?? [], cluster.others, cluster.now(this.world.time))
  }

  #act(index: number, cluster: ClaimingCluster): void {
    const changed = act(cluster, this.world.time)
    const rests = this.rests[index]
    if (changed && cluster.own !== undefined) rests?.expectSpared(cluster.own, cluster.now(this.world.time))
    rests?.acted()
    if (changed) this.world.tell(index)
  }

  #doAt(step: Extract<Command, { who: number }>, cluster: ClaimingCluster | undefined): void {
    if (cluster === undefined) return
    switch (step.do) {
      case 'join':
        cluster.joined = true
        break
      case 'leave':
        cluster.joined = false
        break
      case 'act':
        if (cluster.running) this.#act(step.who, cluster)
        break
      case 'tell':
        this.world.tell(step.who)
        break
      case 'stop':
        cluster.running = false
        break
      case 'restart':
        cluster.restart(this.world.time)
        this.rests[step.who]?.restarted()
        break
      case 'lose-all':
        cluster.loseEverything(this.world.time)
        this.rests[step.who]?.lostAll()
        break
      case 'resize':
        cluster.settings = { range: WORLD_RANGE, prefix: step.prefix }
        break
      case 'want':
        cluster.settings = { ...cluster.settings, wanted: blockAt(step.number, cluster.settings.prefix) }
    }
  }
}

function blockAt(number: number, prefix: number): Cidr {
  const size = sizeOf({ ...WORLD_RANGE, prefix })
  const blocks = sizeOf(WORLD_RANGE) / size
  return { family: 4, first: WORLD_RANGE.first + (BigInt(number) % blocks) * size, prefix }
}

/** A review, with what must hold of each. */
function act(cluster: ClaimingCluster, time: number): boolean {
  const { own, others, settings, joined } = cluster
  const { review, changed } = cluster.review(time)
  if (
    own !== undefined &&
    joined &&
    isContent(own, settings) &&
    !others.some(({ block }) => overlaps(block, own.block))
  ) {
    expect(review).toMatchObject({ kind: 'keep', claim: own })
  }
  if (cluster.own !== undefined) {
    expect(new StandingClaims([cluster.own, ...others]).has(cluster.own)).toBe(true)
    if (changed) expect(cluster.own.block.prefix).toBe(settings.prefix)
  }
  if ('givenUp' in review && review.givenUp?.to !== undefined) {
    expect(byPrecedence(review.givenUp.to, review.givenUp.claim)).toBeLessThan(0)
    expect(overlaps(review.givenUp.to.block, review.givenUp.claim.block)).toBe(true)
  }
  return changed
}

function isContent(own: Claim, { prefix, wanted }: ClaimingCluster['settings']): boolean {
  return own.block.prefix === prefix && (wanted === undefined || formatCidr(wanted) === formatCidr(own.block))
}

function claimsSeenBy({ own, others }: ClaimingCluster): Claim[] {
  return own === undefined ? [...others] : [own, ...others]
}

/** In no view has any address two owners: the claims that stand are disjoint, and each address of theirs is theirs. */
function expectOneOwner(world: ClaimWorld): void {
  for (const cluster of world.clusters) {
    const standing = new StandingClaims(claimsSeenBy(cluster))
    for (const [index, claim] of standing.claims.entries()) {
      const { family, first } = claim.block
      const isAlone = standing.claims.slice(index + 1).every(({ block }) => !overlaps(block, claim.block))
      const isOwner = [first, lastOf(claim.block)].every(
        (value) => standing.ownerOf({ family, value }) === claim,
      )
      if (!isAlone || !isOwner) throw new Error(`two owners in ${formatCidr(claim.block)}`)
    }
  }
}

const textsOf = (claims: readonly Claim[]) =>
  claims.map(({ cluster, block, claimedAt }) => `${cluster} ${formatCidr(block)} ${claimedAt}`).sort()

/** All agree, nobody's claim is in another's way, and who has none could have none. */
function expectSettled(world: ClaimWorld): void {
  const live = world.clusters.filter(({ running }) => running)
  const [first] = live
  if (first === undefined) return
  const agreed = new StandingClaims(claimsSeenBy(first))
  for (const cluster of live) {
    expect(textsOf(claimsSeenBy(cluster))).toEqual(textsOf(claimsSeenBy(first)))
    const { own, settings, id } = cluster
    if (!cluster.joined) expect(own).toBeUndefined()
    else if (own !== undefined) expect(agreed.has(own)).toBe(true)
    else {
      const taken = agreed.claims.map(({ block }) => block)
      expect(chooseBlock({ range: WORLD_RANGE, prefix: settings.prefix, cluster: id, taken })).toBeUndefined()
    }
  }
}

test('there is never a second owner, and a network that is whole again agrees on disjoint blocks', () => {
  fc.assert(
    fc.property(scenario, ({ clusters, commands, order }) => {
      const run = new Run(clusters)
      for (const step of commands) {
        run.do(step)
        expectOneOwner(run.world)
      }
      expect(run.world.settle(order)).toBeLessThan(20)
      expectSettled(run.world)
    }),
    { numRuns: 800, interruptAfterTimeLimit: 40_000 },
  )
})

test('a newcomer that has heard of the others changes nobody, whatever its clock says', () => {
  fc.assert(
    fc.property(scenario, fc.constantFrom(-9 * DAY, 0, 9 * DAY), ({ clusters, commands, order }, offset) => {
      const settings = clusters.map((each, index) =>
        index === 0 ? { ...each, offset, joined: false } : each,
      )
      const run = new Run(settings)
      for (const step of commands) if (!('who' in step) || step.who !== 0) run.do(step)
      for (const cluster of run.world.clusters) if (!cluster.running) cluster.restart(run.world.time)
      run.world.settle(order)
      const before = run.world.clusters.map(({ own }) => own)
      const [newcomer] = run.world.clusters
      if (newcomer !== undefined) newcomer.joined = true
      run.world.settle(order)
      expect(run.world.clusters.slice(1).map(({ own }) => own)).toEqual(before.slice(1))
      expectSettled(run.world)
    }),
  )
})

test('two clustersets that grew apart and are joined: the earlier claim stays, the other cluster moves', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 7 }), { minLength: 5, maxLength: 5 }), (numbers) => {
      const world = new ClaimWorld(numbers.map((_, index) => new ClaimingCluster(`c${index}`, 30, 0)))
      world.divide([0, 1, 2, 3, 4])
      for (const [index, cluster] of world.clusters.entries()) {
        cluster.joined = true
        cluster.settings = { ...cluster.settings, wanted: blockAt(numbers[index] ?? 0, 30) }
        cluster.review(world.time)
        world.time += 1
      }
      const before = world.clusters.map(({ own }) => own)
      world.settle([4, 3, 2, 1, 0])
      for (const [index, cluster] of world.clusters.entries()) {
        const isFirst = numbers.indexOf(numbers[index] ?? 0) === index
        if (isFirst) expect(cluster.own).toBe(before[index])
        else expect(cluster.own?.block).not.toEqual(before[index]?.block)
      }
      expectSettled(world)
    }),
  )
})

test('a member that claims what it likes and gives nothing up gets what the rule gives it, and the others settle', () => {
  const lie = fc.record({
    number: fc.nat({ max: 7 }),
    prefix: fc.integer({ min: 27, max: 30 }),
    late: fc.boolean(),
  })
  fc.assert(
    fc.property(scenario, lie, ({ clusters, commands, order }, { number, prefix: size, late }) => {
      const run = new Run(clusters)
      const { world } = run
      const claimedAt = late ? Number.MAX_SAFE_INTEGER : 1
      const claim = { cluster: 'a-liar', block: blockAt(number, size), claimedAt }
      const lieToAll = () => {
        for (const cluster of world.clusters) cluster.hear('a-liar', { version: 1, claim }, world.time)
      }
      lieToAll()
      for (const step of commands) run.do(step)
      for (const cluster of world.clusters.filter(({ running }) => !running)) cluster.restart(world.time)
      lieToAll()
      expect(world.settle(order)).toBeLessThan(20)
      expectSettled(world)
      const robbed = world.clusters.some(({ own }) => own !== undefined && overlaps(own.block, claim.block))
      expect(robbed && !late).toBe(false)
    }),
    { numRuns: 200 },
  )
})
