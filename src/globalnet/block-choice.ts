/**
 * Which block a cluster claims: a free one, if there is any, in an order of its own. Takes time by the number of blocks
 * that are taken, not by the number that there are. Pure.
 */
import { type Cidr, lastOf, overlaps, sizeOf } from '../core/cidr.ts'
import { hash32 } from '../core/hash.ts'
import { bitsOf } from '../core/ip.ts'
import { BLOCK_PROBES } from './limits.ts'

/** A run of blocks by number, both ends included. */
interface Run {
  readonly from: bigint
  readonly to: bigint
}

export interface BlockRequest {
  readonly range: Cidr
  /** Of the wanted block. */
  readonly prefix: number
  /** Whose hash gives the order: clusters that start at the same moment rarely ask for the same block. */
  readonly cluster: string
  /** Of any size, in any order; may overlap each other and reach out of the range. */
  readonly taken: readonly Cidr[]
}

/** An aligned block inside the range that overlaps none of the taken ones; undefined only when there is none. */
export function chooseBlock({ range, prefix, cluster, taken }: BlockRequest): Cidr | undefined {
  const total = countBlocks(range, prefix)
  if (total === 0n) return undefined
  const runs = takenRuns(range, prefix, taken)
  const free = runs.reduce((left, { from, to }) => left - (to - from + 1n), total)
  if (free <= 0n) return undefined
  const number = probe(cluster, total, runs) ?? freeBlock(draw(cluster, BLOCK_PROBES, free), runs)
  return { family: range.family, first: range.first + number * unitOf(range, prefix), prefix }
}

/** How many blocks of that prefix the range has. */
export function countBlocks(range: Cidr, prefix: number): bigint {
  return prefix < range.prefix || prefix > bitsOf(range.family) ? 0n : 1n << BigInt(prefix - range.prefix)
}

/** The same first choices whatever is taken, so that a cluster that forgot everything asks for what it had. */
function probe(cluster: string, total: bigint, runs: readonly Run[]): bigint | undefined {
  for (let attempt = 0; attempt < BLOCK_PROBES; attempt++) {
    const number = draw(cluster, attempt, total)
    if (!runs.some(({ from, to }) => from <= number && number <= to)) return number
  }
  return undefined
}

/** The free block that has `skipped` free ones before it. */
function freeBlock(skipped: bigint, runs: readonly Run[]): bigint {
  let number = skipped
  for (const { from, to } of runs) {
    if (number < from) break
    number += to - from + 1n
  }
  return number
}

/** What of the range is taken, as disjoint runs in order. */
function takenRuns(range: Cidr, prefix: number, taken: readonly Cidr[]): Run[] {
  const unit = unitOf(range, prefix)
  const numberOf = (address: bigint) => (clamp(address, range) - range.first) / unit
  const runs = taken
    .filter((block) => overlaps(range, block))
    .map((block) => ({ from: numberOf(block.first), to: numberOf(lastOf(block)) }))
    .sort((left, right) => (left.from < right.from ? -1 : left.from > right.from ? 1 : 0))
  return merged(runs)
}

function merged(runs: readonly Run[]): Run[] {
  const disjoint: Run[] = []
  for (const run of runs) {
    const last = disjoint.at(-1)
    if (last === undefined || run.from > last.to) disjoint.push(run)
    else if (run.to > last.to) disjoint[disjoint.length - 1] = { from: last.from, to: run.to }
  }
  return disjoint
}

function clamp(address: bigint, range: Cidr): bigint {
  if (address < range.first) return range.first
  const last = lastOf(range)
  return address > last ? last : address
}

/** Addresses in one block. */
function unitOf({ family }: Cidr, prefix: number): bigint {
  return sizeOf({ family, first: 0n, prefix })
}

/** A number below `bound` for each cluster and attempt, from as many hashes as the longest address has words. */
function draw(cluster: string, attempt: number, bound: bigint): bigint {
  const words = [0, 1, 2, 3].map((word) => BigInt(hash32(`${cluster}|${attempt}|${word}`)))
  return words.reduce((value, word) => (value << 32n) | word, 0n) % bound
}
