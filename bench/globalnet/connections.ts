/** New TCP connections through rules: one after the other, as many as there can be, and what they cost. */
import { connect } from 'node:net'
import { silentLogger } from '../../src/core/log.ts'
import { diffNat } from '../../src/globalnet/nat-diff.ts'
import type { NatTable } from '../../src/globalnet/nat-table.ts'
import { NftDriver } from '../../src/globalnet/nft-driver.ts'
import { commandPath } from '../../test/support/command-path.ts'
import { Children } from '../data-path/children.ts'
import { cpuTime } from '../data-path/processes.ts'
import { summarize } from '../statistics.ts'
import { nodeState } from './cluster.ts'
import type { Connected, KernelArgument, Shape } from './messages.ts'
import { runHere, trySettings } from './namespace.ts'
import {
  iptablesRules,
  NO_IPTABLES_RULES,
  nftRules,
  PEER_TABLE,
  type Translation,
  translationsOf,
} from './peer-rules.ts'
import { tableOf } from './planned.ts'

/** Ten globals, in the same shares as of the many. */
const FEW: Shape = { services: 4, endpoints: 6 }
/** Different addresses that are asked, spread over all: on average they are behind half of a list of rules. */
const ASKED = 10
const AT_ONCE = 16
const ROUTER = '10.244.255.1'

/** One set of rules. */
interface Rules {
  readonly name: string
  readonly globals: number
  readonly asked: readonly Endpoint[]
  put(): Promise<void>
  remove(): Promise<void>
}

interface Endpoint {
  readonly host: string
  readonly port: number
}

interface Sample {
  readonly perSecond: number
  readonly cpuUs: number
}

/** All rules in every round, forwards and backwards in turn. */
export async function measureConnections(argument: KernelArgument): Promise<Connected[]> {
  prepareNetwork()
  const rules = [FEW, argument.shape].flatMap((shape) =>
    rulesFor(tableOf(nodeState(shape)), argument.iptables),
  )
  const ports = portsOf(argument.shape)
  const all = [untranslated(ports), ...rules]
  await using children = new Children()
  const server = await children.node('../globalnet/server-process.ts', { ports })
  const samples = new Map<Rules, Sample[]>(all.map((one) => [one, []]))
  for (let round = 0; round < argument.connectionRounds; round++) {
    for (const one of round % 2 === 0 ? all : all.toReversed()) {
      await one.put()
      forgetFlows()
      await load(one.asked, argument.ms / 4)
      const before = cpuTime([server, process])
      const { count, ms } = await load(one.asked, argument.ms)
      const cpuMs = cpuTime([server, process]) - before
      samples.get(one)?.push({ perSecond: (count * 1000) / ms, cpuUs: (cpuMs * 1000) / count })
      await one.remove()
    }
  }
  return all.map((one) => connected(one, samples))
}

function connected(rules: Rules, samples: ReadonlyMap<Rules, readonly Sample[]>): Connected {
  const [bare] = samples.keys()
  const own = samples.get(rules) ?? []
  const few = [...samples.keys()].find(({ name, globals }) => name === rules.name && globals < rules.globals)
  const beside = (other: Rules | undefined, read: (sample: Sample) => number) =>
    summarize(own.map((sample, round) => read(sample) / read(sampleAt(samples, other, round))))
  return {
    rules: rules.name,
    globals: rules.globals,
    perSecond: summarize(own.map(({ perSecond }) => perSecond)),
    cpuUs: summarize(own.map(({ cpuUs }) => cpuUs)),
    rateRatio: beside(bare, ({ perSecond }) => perSecond),
    cpuRatio: beside(bare, ({ cpuUs }) => cpuUs),
    ...(few === undefined ? {} : { growth: beside(few, ({ cpuUs }) => cpuUs) }),
  }
}

function sampleAt(
  samples: ReadonlyMap<Rules, readonly Sample[]>,
  rules: Rules | undefined,
  round: number,
): Sample {
  const sample = rules && samples.get(rules)?.[round]
  if (sample === undefined) throw new RangeError(`no sample of round ${round}`)
  return sample
}

/** Everything is local: what a connection costs beside the rules is little. */
function prepareNetwork(): void {
  runHere('ip', ['link', 'set', 'lo', 'up'])
  runHere('ip', ['address', 'add', '10.0.9.1/32', 'dev', 'lo'])
  runHere('ip', ['route', 'add', 'local', '10.244.0.0/16', 'dev', 'lo'])
  runHere('ip', ['route', 'add', '242.0.0.0/8', 'dev', 'lo', 'src', '10.0.9.1'])
  trySettings({
    'ipv4/ip_local_port_range': '1024 65000',
    'netfilter/nf_conntrack_tcp_timeout_close': '1',
  })
}

function forgetFlows(): void {
  if (commandPath('conntrack') !== undefined) runHere('conntrack', ['-F'])
}

function untranslated(ports: readonly number[]): Rules {
  const nothing = async () => {}
  const asked = ports.slice(0, ASKED).map((port) => ({ host: ROUTER, port }))
  return { name: 'no translation', globals: 0, asked, put: nothing, remove: nothing }
}

function rulesFor(table: NatTable, iptables: boolean): Rules[] {
  const translations = translationsOf(table, ROUTER)
  const shared = { globals: translations.length, asked: askedOf(translations) }
  const driver = new NftDriver({ log: silentLogger })
  return [
    {
      ...shared,
      name: 'fairlead',
      put: () => driver.apply(diffNat(undefined, table)),
      remove: () => driver.remove(),
    },
    {
      ...shared,
      name: 'nft, a rule for each',
      put: async () => runHere('nft', ['-f', '-'], nftRules(translations)),
      remove: async () => runHere('nft', ['delete', 'table', 'ip', PEER_TABLE]),
    },
    ...(iptables
      ? [
          {
            ...shared,
            name: 'iptables, as kube-proxy',
            put: async () => runHere('iptables-restore', [], iptablesRules(translations)),
            remove: async () => runHere('iptables-restore', [], NO_IPTABLES_RULES),
          },
        ]
      : []),
  ]
}

function askedOf(translations: readonly Translation[]): Endpoint[] {
  const step = translations.length / ASKED
  return Array.from({ length: ASKED }, (_, index) => translations[Math.floor((index + 0.5) * step)]).flatMap(
    (found) => (found === undefined ? [] : [{ host: found.address, port: Number(found.port) }]),
  )
}

/** Where any of the rules may lead. */
function portsOf(shape: Shape): number[] {
  const tables = [FEW, shape].map((each) => translationsOf(tableOf(nodeState(each)), ROUTER))
  const asked = tables.flatMap((each) => {
    const hosts = new Set(askedOf(each).map(({ host }) => host))
    return each.filter(({ address }) => hosts.has(address)).map(({ targetPort }) => Number(targetPort))
  })
  return [...new Set(asked)]
}

async function load(
  asked: readonly Endpoint[],
  ms: number,
): Promise<{ readonly count: number; readonly ms: number }> {
  const startedAt = performance.now()
  let count = 0
  const client = async () => {
    while (performance.now() - startedAt < ms) {
      await open(asked[count % asked.length])
      count += 1
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, client))
  return { count, ms: performance.now() - startedAt }
}

/**
 * The server says something first: what it has not accepted yet would fill its queue. Ended with a reset: a port that waits
 * for late segments is missing soon.
 */
async function open(endpoint: Endpoint | undefined): Promise<void> {
  const { host = '', port = 0 } = endpoint ?? {}
  const opened = Promise.withResolvers<void>()
  const socket = connect({ host, port })
  socket.once('error', opened.reject)
  socket.once('data', () => {
    socket.resetAndDestroy()
    opened.resolve()
  })
  await opened.promise
}
