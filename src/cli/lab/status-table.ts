/** `lab status` for people: a row for each cluster. Pure. */
import { isIPv6 } from 'node:net'
import type { LabStatus } from '../../lab/control/protocol.ts'
import type { NodeStatus } from '../../lab/control/status.ts'
import { describePath } from '../../lab/slow/path-shape.ts'
import type { Table } from '../output.ts'

const HEADER = [
  'CLUSTER',
  'STATUS',
  'NODE',
  'IPV6',
  'LINKS',
  'DIALS',
  'RESTARTS',
  'CLIENTS',
  'SLOW-TO',
  'CUT-PODS',
]

/** The links, cuts and slow paths are told by the clusters at both their ends; links by the one that dials. */
export function statusTable(status: LabStatus): Table {
  const rows = status.clusters.map((cluster) => [
    cluster.name,
    cluster.ready ? 'Ready' : 'NotReady',
    list(cluster.nodes.map(describeNode)),
    list(cluster.nodes.flatMap(({ addresses }) => addresses.filter(isIPv6))),
    cluster.private ? 'dials' : 'dials, is dialled',
    list(status.links.filter(({ from }) => from === cluster.name).map(({ to }) => to)),
    String(cluster.processes.reduce((sum, process) => sum + process.restarts, 0)),
    String(cluster.clients),
    list(slowTo(status, cluster.name)),
    list(status.cutPods.filter((cut) => cut.cluster === cluster.name).map(({ pod }) => pod)),
    list(status.cuts.flatMap((pair) => othersOf(pair, cluster.name))),
  ])
  return [[...HEADER, 'CUT-FROM'], ...rows]
}

/** Its address, and whether it is not as it should be. */
function describeNode({ addresses: [address = ''], ready }: NodeStatus): string {
  return ready ? address : `${address} (not ready)`
}

function slowTo({ slow }: LabStatus, name: string): string[] {
  return slow.flatMap(({ clusters, shape }) =>
    othersOf(clusters, name).map((other) => `${other} ${describePath(shape)}`),
  )
}

function othersOf(pair: readonly string[], name: string): string[] {
  return pair.includes(name) ? pair.filter((each) => each !== name) : []
}

function list(cells: readonly string[]): string {
  return cells.join(',') || '-'
}
