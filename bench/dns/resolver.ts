/** What is compared: resolvers that know the same names. */
import { Rcode } from '../../src/dns/dns-records.ts'
import { askDns, type TypeName } from '../../test/support/dns-ask.ts'
import { eventually } from '../../test/support/eventually.ts'
import type { Children, Serving } from '../data-path/children.ts'
import { portOf } from '../data-path/ports.ts'
import type { DnsRow } from './names.ts'

/** What resolvers are started with. */
export interface DnsStage {
  readonly children: Children
  /** For files. */
  readonly dir: string
  /** Of a cluster whose API server has the services. */
  readonly kubeconfig: string
}

/** A resolver. */
export interface Resolver {
  readonly name: string
  /** False for a peer that answers whatever it is asked with nothing. */
  readonly answers: boolean
  start(stage: DnsStage): Promise<Serving>
}

/** How long a resolver may take to learn the names. */
const LEARN_MS = 30_000

/** Starts it and waits until it answers the last question of every row as it must. */
export async function startKnowing(
  resolver: Resolver,
  stage: DnsStage,
  rows: readonly DnsRow[],
): Promise<Serving> {
  const serving = await resolver.start(stage)
  if (resolver.answers) {
    for (const row of rows) await eventually(() => checkLast(serving, row), { within: LEARN_MS })
  }
  return serving
}

async function checkLast({ ports }: Serving, { name, questions, rcode, records }: DnsRow): Promise<void> {
  const [domain = '', type] = questions.at(-1)?.split(' ') ?? []
  const said = await askDns(portOf(ports, 'dns'), { name: domain, type: type as TypeName })
  const wanted = rcode === 'NXDOMAIN' ? Rcode.nxDomain : Rcode.noError
  if (said.rcode === wanted && said.answers.length === records) return
  throw new Error(`${name}: ${domain} ${type} was answered ${JSON.stringify(said)}`)
}
