/**
 * The data path beside what it competes with, all systems in every round, medians over the rounds. Options are in
 * data-path/options.ts; programs that are missing are named, and the rest runs.
 */

import { measures } from './data-path/measures.ts'
import { type Options, parseOptions } from './data-path/options.ts'
import type { Ports } from './data-path/ports.ts'
import { type Line, linesOf } from './data-path/report.ts'
import { Rounds } from './data-path/rounds.ts'
import { bulkRow } from './data-path/rows/bulk.ts'
import { churnRow } from './data-path/rows/churn.ts'
import { memoryRow } from './data-path/rows/memory.ts'
import { pingPongRow } from './data-path/rows/ping-pong.ts'
import type { Row } from './data-path/rows/row.ts'
import { webRow } from './data-path/rows/web.ts'
import { Stage } from './data-path/stage.ts'
import { fairlead } from './data-path/systems/fairlead.ts'
import { haproxy } from './data-path/systems/haproxy.ts'
import { nginx, webOrigin } from './data-path/systems/nginx.ts'
import { nodePipe } from './data-path/systems/node-pipe.ts'
import type { Competitor } from './data-path/systems/system.ts'
import { alignedText, tableOf } from './data-path/table.ts'
import { findTools, missingTools, type Tools, versionsOf } from './data-path/tools.ts'

/** What is kept of a run. */
export interface DataPathResult {
  readonly options: Options
  readonly programs: Readonly<Record<string, string>>
  /** What could not be measured, and why. */
  readonly failures: readonly string[]
  readonly lines: readonly Line[]
}

/** Measures, prints the table and gives all figures. */
export async function run(args: readonly string[]): Promise<DataPathResult> {
  const options = parseOptions(args)
  const tools = findTools()
  for (const line of missingTools(tools)) console.error(`data-path: ${line}`)
  await using stage = await Stage.create(tools)
  killWithUs(stage)
  const rounds = new Rounds(stage, await startOrigins(stage))
  await rounds.run(competitors(stage, options), rows(tools, options), options)
  const lines = linesOf(measures(options.flows), rounds.samples)
  console.log(alignedText(tableOf(lines)))
  for (const failure of rounds.failures) console.error(`data-path: ${failure}`)
  return { options, programs: versionsOf(tools), failures: rounds.failures, lines }
}

function competitors(stage: Stage, { only }: Options): Competitor[] {
  const { tools } = stage
  const all = [
    { name: 'direct', filesPerFlow: 0 },
    ...(tools.haproxy === undefined ? [] : [haproxy(stage, tools.haproxy)]),
    ...(tools.nginx === undefined ? [] : [nginx(stage, tools.nginx)]),
    nodePipe(stage),
    fairlead(stage),
  ]
  return chosen(all, only)
}

function rows(tools: Tools, options: Options): Row[] {
  const all = [
    ...options.flows.map(memoryRow),
    bulkRow(1),
    bulkRow(8),
    pingPongRow(1),
    pingPongRow(64),
    churnRow,
    ...(tools.wrk === undefined ? [] : [webRow(tools.wrk)]),
  ]
  return chosen(all, options.rows)
}

function chosen<T extends { readonly name: string }>(all: readonly T[], names: readonly string[]): T[] {
  const unknown = names.filter((name) => !all.some((one) => one.name === name))
  if (unknown.length > 0) {
    throw new Error(
      `unknown or missing: ${unknown.join(', ')}; there are ${all.map(({ name }) => name).join(', ')}`,
    )
  }
  return all.filter(({ name }) => names.length === 0 || names.includes(name))
}

async function startOrigins(stage: Stage): Promise<Ports> {
  const { children, tools } = stage
  const origins = await Promise.all(
    (['echo', 'flood', 'datagrams'] as const).map((name) => children.node('origin-process.ts', name)),
  )
  if (tools.nginx !== undefined) origins.push(await webOrigin(stage, tools.nginx))
  return Object.assign({}, ...origins.map(({ ports }) => ports)) as Ports
}

/** A benchmark that is interrupted leaves no processes. */
function killWithUs({ children }: Stage): void {
  process.on('exit', () => children.killAll())
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1))
}
