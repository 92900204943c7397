/**
 * Global addresses on one node and in the controller: what their rules take to make, to write and to look after, and
 * what they cost new connections beside rules that are looked through one after the other.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { markdown } from './data-path/table.ts'
import { findTool, versionsOf } from './data-path/tools.ts'
import type { Connected, KernelArgument, KernelMessage, Shape, Sized } from './globalnet/messages.ts'
import { namespaceCommand, noNamespace } from './globalnet/namespace.ts'
import { measurePlans } from './globalnet/planned.ts'
import { connectionsTable, sizesTable } from './globalnet/tables.ts'
import { NamedOptions } from './named-options.ts'
import { describeRun, type Kept } from './record.ts'

const USAGE = 'services=100,1000 (two endpoints for each) rounds=9 connections=11 (rounds of them) ms=1000'

interface Options {
  readonly services: readonly number[]
  readonly rounds: number
  readonly connections: number
  readonly ms: number
}

/** What is kept of a run. */
export interface GlobalnetResult {
  readonly options: Options
  readonly programs: Readonly<Record<string, string>>
  /** What could not be measured, and why. */
  readonly failures: readonly string[]
  readonly sizes: readonly Sized[]
  readonly connections: readonly Connected[]
}

/** The tables for the documentation. */
export function section({ date, machine, result }: Kept): string {
  const { options, programs, failures, sizes, connections } = result as GlobalnetResult
  return [
    `${describeRun(date, machine, programs)}. Medians of ${options.rounds} rounds (lowest-highest):`,
    markdown(sizesTable(sizes)),
    ...(connections.length === 0
      ? []
      : [
          `Medians of ${options.connections} rounds of ${options.ms} ms (lowest-highest), ratios of each round:`,
          markdown(connectionsTable(connections)),
        ]),
    ...(failures.length === 0 ? [] : [`Not measured: ${failures.join('; ')}.`]),
  ].join('\n\n')
}

/** Measures, prints the tables and gives all figures. */
export async function run(args: readonly string[]): Promise<GlobalnetResult> {
  const options = parseOptions(args)
  const tools = { nft: findTool('nft', ['--version'], /v(\S+)/), iptables: iptablesTool() }
  const reason = noNamespace()
  const failures = [
    ...(reason === undefined ? [] : [`everything in the kernel: ${reason}`]),
    ...(tools.iptables === undefined ? ['iptables: not installed (apt-get install iptables)'] : []),
  ]
  for (const failure of failures) console.error(`globalnet: ${failure}`)
  const sizes: Sized[] = []
  const connections: Connected[] = []
  for (const [at, services] of options.services.entries()) {
    const shape = { services, endpoints: 2 * services }
    const isLast = at === options.services.length - 1
    const planned = measurePlans(shape, options.rounds)
    const message =
      reason === undefined ? await inNamespace(kernelArgument(shape, options, isLast)) : undefined
    sizes.push({ shape, planned, ...(message === undefined ? {} : { kernel: message.kernel }) })
    connections.push(...(message?.connections ?? []))
  }
  console.log(markdown(sizesTable(sizes)))
  if (connections.length > 0) console.log(markdown(connectionsTable(connections)))
  return { options, programs: versionsOf(present(tools)), failures, sizes, connections }
}

/** Connections are for the largest only. */
function kernelArgument(shape: Shape, options: Options, isLast: boolean): KernelArgument {
  return {
    shape,
    rounds: options.rounds,
    connectionRounds: isLast ? options.connections : 0,
    ms: options.ms,
    iptables: iptablesTool() !== undefined,
  }
}

function iptablesTool() {
  return findTool('iptables-restore', ['--version'], /v(\S+ \(\S+\))/)
}

function present<T extends object>(tools: T): object {
  return Object.fromEntries(Object.entries(tools).filter(([, tool]) => tool !== undefined))
}

async function inNamespace(argument: KernelArgument): Promise<KernelMessage> {
  const [command, ...before] = namespaceCommand()
  const file = join(import.meta.dirname, 'globalnet/kernel-process.ts')
  const child = fork(file, [JSON.stringify(argument)], {
    execPath: command,
    execArgv: [...before, process.execPath],
  })
  const ended = once(child, 'exit')
  const told = once(child, 'message').then(([message]) => message as KernelMessage)
  const message = await Promise.race([told, ended.then(() => undefined)])
  if (message === undefined) throw new Error('the process in the namespace ended without a result')
  await ended
  return message
}

function parseOptions(args: readonly string[]): Options {
  const given = new NamedOptions(args, USAGE)
  const options = {
    services: given.positives('services', '100,1000'),
    rounds: given.positive('rounds', 9),
    connections: given.positive('connections', 11),
    ms: given.positive('ms', 1000),
  }
  given.end()
  return options
}
