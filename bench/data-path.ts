/**
 * The data path beside what it competes with, all systems in every round, medians over the rounds. Options are in
 * data-path/options.ts; programs that are missing are named, and the rest runs.
 */

import { measures } from './data-path/measures.ts'
import { type Options, parseOptions } from './data-path/options.ts'
import type { Ports } from './data-path/ports.ts'
import { type Line, linesOf } from './data-path/report.ts'
import { Rounds } from './data-path/rounds.ts'
import { besideBulkRow } from './data-path/rows/beside-bulk.ts'
import { bulkRow } from './data-path/rows/bulk.ts'
import { churnRow } from './data-path/rows/churn.ts'
import { datagramRow } from './data-path/rows/datagrams.ts'
import { longPathRow } from './data-path/rows/long-path.ts'
import { memoryRow } from './data-path/rows/memory.ts'
import { pingPongRow } from './data-path/rows/ping-pong.ts'
import type { Row } from './data-path/rows/row.ts'
import { webChurnRow, webRow } from './data-path/rows/web.ts'
import { endWithUs, Stage } from './data-path/stage.ts'
import { fairlead, fairleadRelayed, RELAYED } from './data-path/systems/fairlead.ts'
import { haproxy } from './data-path/systems/haproxy.ts'
import { nginx, webOrigin } from './data-path/systems/nginx.ts'
import { nodePipe } from './data-path/systems/node-pipe.ts'
import type { Competitor } from './data-path/systems/system.ts'
import { alignedText, markdown, tableOf } from './data-path/table.ts'
import { findTools, missingTools, versionsOf } from './data-path/tools.ts'
import { chosen } from './named-options.ts'
import { describeRun, type Kept } from './record.ts'

/** What is kept of a run. */
interface DataPathResult {
  readonly options: Options
  readonly programs: Readonly<Record<string, string>>
  /** What could not be measured, and why. */
  readonly failures: readonly string[]
  readonly lines: readonly Line[]
}

/** The table for the documentation, and what it was made with. */
export function section({ date, machine, result }: Kept): string {
  const { options, programs, failures, lines } = result as DataPathResult
  return [
    `${describeRun(date, machine, programs)}. Medians of ${options.rounds} rounds of ${options.ms} ms (lowest-highest):`,
    markdown(tableOf(lines)),
    ...(failures.length === 0 ? [] : [`Not measured: ${failures.join('; ')}.`]),
  ].join('\n\n')
}

/** Measures, prints the table and gives all figures. */
export async function run(args: readonly string[]): Promise<DataPathResult> {
  const options = parseOptions(args)
  const tools = findTools()
  const missing = missingTools(tools)
  for (const line of missing) console.error(`data-path: ${line}`)
  await using stage = await Stage.create(tools)
  endWithUs(stage)
  const rounds = new Rounds(stage, await startOrigins(stage))
  await rounds.run(await competitors(stage, options), rows(stage, options), options)
  const failures = [...new Set([...missing, ...rounds.failures])]
  const lines = linesOf(measures(options.flows), rounds.samples)
  console.log(alignedText(tableOf(lines)))
  for (const failure of failures) console.error(`data-path: ${failure}`)
  return { options, programs: versionsOf(tools), failures, lines }
}

async function competitors(stage: Stage, { only }: Options): Promise<Competitor[]> {
  const { tools } = stage
  const all = [
    { name: 'direct', filesPerFlow: 0 },
    ...(tools.haproxy === undefined ? [] : [haproxy(stage, tools.haproxy)]),
    ...(tools.nginx === undefined ? [] : [nginx(stage, tools.nginx)]),
    nodePipe(stage),
    await fairlead(stage),
    ...(only.includes(RELAYED) ? [await fairleadRelayed(stage)] : []),
  ]
  return chosen(all, only)
}

function rows(stage: Stage, options: Options): Row[] {
  const { tools } = stage
  const all = [
    ...options.flows.map(memoryRow),
    bulkRow(1),
    bulkRow(8),
    pingPongRow(1),
    pingPongRow(64),
    churnRow,
    ...(tools.wrk === undefined ? [] : [webRow(tools.wrk), webChurnRow(tools.wrk)]),
    longPathRow,
    besideBulkRow(stage),
    datagramRow(64),
    datagramRow(1200),
  ]
  return chosen(all, options.rows)
}

async function startOrigins(stage: Stage): Promise<Ports> {
  const { children, tools } = stage
  const origins = await Promise.all(
    (['echo', 'flood', 'datagrams'] as const).map((name) => children.node('origin-process.ts', name)),
  )
  if (tools.nginx !== undefined) origins.push(await webOrigin(stage, tools.nginx))
  return Object.assign({}, ...origins.map(({ ports }) => ports)) as Ports
}
