/** What the pure functions take: who has which address, and a node's table. */
import { parseCidr } from '../../src/core/cidr.ts'
import { type AllocationInput, OwnerKey, planAllocation } from '../../src/globalnet/allocation.ts'
import { assembleNatBase, type NatBase } from '../../src/globalnet/nat-input.ts'
import { planNat } from '../../src/globalnet/nat-plan.ts'
import { type NatTable, sizeOfTable } from '../../src/globalnet/nat-table.ts'
import { addSlots } from '../../src/globalnet/source-slots.ts'
import { type Summary, summarize } from '../statistics.ts'
import { type NodeState, nodeState } from './cluster.ts'
import type { Planned, Shape } from './messages.ts'

/** All that an agent does before nft. */
export function tableOf({ objects, sources }: NodeState): NatTable {
  return tableFrom(baseOf(objects), sources)
}

/** What follows from the objects; a slot that is told changes nothing of it. */
export function baseOf(objects: NodeState['objects']): NatBase {
  const { base, problems } = assembleNatBase(objects)
  if (problems.length > 0) throw new Error(problems[0])
  return base
}

/** What an agent does when it is told of slots. */
export function tableFrom(base: NatBase, sources: NodeState['sources']): NatTable {
  return planNat(addSlots(base, sources).input)
}

/** The first round counts: an agent that starts is no warmer. */
export function measurePlans(shape: Shape, rounds: number): Planned {
  const state = nodeState(shape)
  const { base } = assembleNatBase(state.objects)
  const { input } = addSlots(base, state.sources)
  const table = planNat(input)
  const none = owners(shape)
  const all = oneMore(none)
  return {
    ...sizeOfTable(table),
    chains: table.chains.size,
    assembleMs: timed(rounds, () => assembleNatBase(state.objects)),
    planMs: timed(rounds, () => planNat(input)),
    allocateMs: timed(rounds, () => planAllocation(none)),
    allocateOneMs: timed(rounds, () => planAllocation(all)),
  }
}

/** CPU milliseconds of each call, collection of garbage included: pure functions wait for nothing but their turn. */
export function timed(rounds: number, work: () => unknown): Summary {
  return summarize(Array.from({ length: rounds }, () => millisecondsOf(work)))
}

function millisecondsOf(work: () => unknown): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

const CREATED_AT = Date.parse('2026-01-01T00:00:00Z')

function owners({ services, endpoints }: Shape): AllocationInput {
  const block = parseCidr('242.7.0.0/16')
  if (block === undefined) throw new Error('no block')
  const keys = [
    ...Array.from({ length: services }, (_, index) => OwnerKey.service('demo', `service-${index}`)),
    ...Array.from({ length: endpoints }, (_, index) => OwnerKey.endpoint('demo', 'web', `web-${index}`)),
  ]
  const wanted = keys.map((key, index) => ({ key, count: 1, createdAt: CREATED_AT + index }))
  return { block, wanted, recorded: [], resting: [], now: CREATED_AT + keys.length }
}

function oneMore(input: AllocationInput): AllocationInput {
  const { assignments } = planAllocation(input)
  const recorded = input.wanted.map(({ key, createdAt }) => ({
    key,
    createdAt,
    addresses: assignments.get(key) ?? [],
  }))
  const newcomer = { key: OwnerKey.service('demo', 'newcomer'), count: 1, createdAt: input.now }
  return { ...input, recorded, wanted: [...input.wanted, newcomer] }
}
