/** A node's table in a real kernel: the whole of it, single changes, and reading it back. */
import { silentLogger } from '../../src/core/log.ts'
import { diffNat, type NatChange, type NatTransaction } from '../../src/globalnet/nat-diff.ts'
import type { NatBase } from '../../src/globalnet/nat-input.ts'
import type { NatTable } from '../../src/globalnet/nat-table.ts'
import { transactionText } from '../../src/globalnet/nat-text.ts'
import { NftDriver } from '../../src/globalnet/nft-driver.ts'
import { summarize } from '../statistics.ts'
import { CHANGES, type NodeState, nodeState } from './cluster.ts'
import type { Changed, InKernel, Shape } from './messages.ts'
import { baseOf, tableFrom, tableOf, timed } from './planned.ts'

/** Leaves no table. */
export async function measureKernel(shape: Shape, rounds: number): Promise<InKernel> {
  const state = nodeState(shape)
  const table = tableOf(state)
  const driver = new NftDriver({ log: silentLogger })
  const applyMs = await repeated(rounds, async () => {
    await driver.remove()
    return await elapsed(() => driver.apply(diffNat(undefined, table)))
  })
  const verifyMs = await repeated(rounds, () => elapsed(() => verify(driver, table)))
  const changes: Changed[] = []
  for (const [change, apply] of Object.entries(CHANGES)) {
    const next = apply(state)
    const compute = next.objects === state.objects ? toldSlots(baseOf(state.objects)) : tableOf
    const there = diffNat(table, tableOf(next))
    const back = diffNat(tableOf(next), table)
    const nftMs = await repeated(rounds, async () => {
      const ms = await elapsed(() => driver.apply(there))
      await driver.apply(back)
      return ms
    })
    changes.push({
      change,
      commands: transactionText(there).split('\n').length - 1,
      touched: touchedBy(there),
      computeMs: timed(rounds, () => diffNat(table, compute(next))),
      nftMs: summarize(nftMs),
    })
  }
  await verify(driver, table)
  await driver.remove()
  return { applyMs: summarize(applyMs), verifyMs: summarize(verifyMs), changes }
}

function toldSlots(base: NatBase) {
  return ({ sources }: NodeState) => tableFrom(base, sources)
}

/** What the kernel has must be what was planned, or no figure counts. */
async function verify(driver: NftDriver, table: NatTable): Promise<void> {
  const repairs = diffNat(await driver.read(), table)
  if (repairs.length > 0) throw new Error(`the kernel has another table: ${repairs[0]?.kind}`)
}

function touchedBy(changes: NatTransaction): number {
  const sizeOf = (change: NatChange): number => {
    if ('elements' in change) return change.elements.length
    if ('rules' in change) return change.rules.length
    return 'chains' in change ? change.chains.length : 0
  }
  return changes.reduce((sum, change) => sum + sizeOf(change), 0)
}

async function repeated(rounds: number, measure: () => Promise<number>): Promise<number[]> {
  const samples: number[] = []
  for (let round = 0; round < rounds; round++) samples.push(await measure())
  return samples
}

async function elapsed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}
