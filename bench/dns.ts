/**
 * Our resolver beside others that know the same names, driven by dnsperf over loopback: all resolvers in every round,
 * medians over the rounds. Options are in dns/options.ts; programs that are missing are named, and the rest runs.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Children } from './data-path/children.ts'
import { endWithUs } from './data-path/stage.ts'
import { alignedText, markdown } from './data-path/table.ts'
import { versionsOf } from './data-path/tools.ts'
import { startCluster } from './dns/cluster.ts'
import { DNS_ROWS } from './dns/names.ts'
import { type DnsOptions, parseDnsOptions } from './dns/options.ts'
import { type DnsLine, dnsLines, dnsTable } from './dns/report.ts'
import type { Resolver } from './dns/resolver.ts'
import { DnsRounds } from './dns/rounds.ts'
import { bareNode } from './dns/systems/bare-node.ts'
import { coredns } from './dns/systems/coredns.ts'
import { dnsmasq } from './dns/systems/dnsmasq.ts'
import { fairlead } from './dns/systems/fairlead.ts'
import { type DnsTools, findDnsTools, missingDnsTools } from './dns/tools.ts'
import { chosen } from './named-options.ts'
import { describeRun, type Kept } from './record.ts'

/** What is kept of a run. */
interface DnsResult {
  readonly options: DnsOptions
  readonly programs: Readonly<Record<string, string>>
  /** What could not be measured, and why. */
  readonly failures: readonly string[]
  readonly lines: readonly DnsLine[]
}

/** The table for the documentation, and what it was made with. */
export function section({ date, machine, result }: Kept): string {
  const { options, programs, failures, lines } = result as DnsResult
  return [
    `${describeRun(date, machine, programs)}. Medians of ${options.rounds} rounds of ${options.ms} ms (lowest-highest), ratios of each round:`,
    markdown(dnsTable(lines)),
    ...(failures.length === 0 ? [] : [`Not measured: ${failures.join('; ')}.`]),
  ].join('\n\n')
}

/** Measures, prints the table and gives all figures. */
export async function run(args: readonly string[]): Promise<DnsResult> {
  const options = parseDnsOptions(args)
  const tools = findDnsTools()
  const missing = missingDnsTools(tools)
  for (const line of missing) console.error(`dns: ${line}`)
  if (tools.dnsperf === undefined) throw new Error(missing[0])
  const rows = chosen(DNS_ROWS, options.rows)
  await using stage = await createStage()
  const rounds = new DnsRounds(tools.dnsperf.path, stage)
  await rounds.run(resolvers(tools, options), rows, options)
  const lines = dnsLines(rows, rounds.samples)
  console.log(alignedText(dnsTable(lines)))
  const failures = [...new Set([...missing, ...rounds.failures])]
  for (const failure of failures) console.error(`dns: ${failure}`)
  return { options, programs: versionsOf(tools), failures, lines }
}

function resolvers({ dnsmasq: masq, coredns: core }: DnsTools, { only }: DnsOptions): Resolver[] {
  const all = [
    fairlead,
    ...(masq === undefined ? [] : [dnsmasq(masq)]),
    ...(core === undefined ? [] : [coredns(core)]),
    bareNode,
  ]
  return chosen(all, only)
}

async function createStage() {
  const children = new Children()
  const dir = await mkdtemp(join(tmpdir(), 'fairlead-bench-'))
  const cluster = await startCluster()
  const kubeconfig = join(dir, 'kubeconfig')
  await writeFile(kubeconfig, cluster.kubeconfig, { mode: 0o600 })
  const stage = {
    children,
    dir,
    kubeconfig,
    [Symbol.asyncDispose]: async () => {
      await children[Symbol.asyncDispose]()
      await cluster[Symbol.asyncDispose]()
      await rm(dir, { recursive: true, force: true })
    },
  }
  endWithUs(stage)
  return stage
}
