/** What the host side tells the lab's own processes, written to the state folder before they start. */
import { readFile, writeFile } from 'node:fs/promises'
import { LabError } from './errors.ts'
import type { ClusterPlan, LabMode, NodePlan } from './topology.ts'

/** A link that is made in a lab: `from` dials `to`. */
export interface LabLink {
  readonly from: string
  readonly to: string
}

export interface LabConfig {
  readonly mode: LabMode
  /** The lab runs in a user namespace: there is one user, and it looks like root. */
  readonly userNamespace: boolean
  readonly clusters: readonly ClusterPlan[]
  /** Why the clusters have IPv4 only; undefined when they have both. */
  readonly noIpv6?: string | undefined
  /** Links that are made when the clusters are ready. */
  readonly links: readonly LabLink[]
  /** Folder of a real control plane's programs; the embedded API server when absent. */
  readonly assets?: string | undefined
  /** RFC 3339. */
  readonly startedAt: string
  /** The machine's own, for pods that want it. The lab's processes may not see it any more. */
  readonly hostResolvConf: string
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
}

/** Writes the file that `readLabConfig` reads. */
export async function writeLabConfig(file: string, config: LabConfig): Promise<void> {
  await writeFile(file, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 })
}

/** Reads what `writeLabConfig` wrote. */
export async function readLabConfig(file: string): Promise<LabConfig> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as LabConfig
  } catch (cause) {
    throw new LabError(`cannot read ${file}`, { cause })
  }
}

/** The plan of the cluster called `name`. */
export function findCluster(config: LabConfig, name: string): ClusterPlan {
  const found = config.clusters.find((cluster) => cluster.name === name)
  if (found !== undefined) return found
  const known = config.clusters.map((cluster) => cluster.name).join(', ')
  throw new LabError(`this lab has no cluster "${name}"; it has ${known}`)
}

/** The node called `name` of a cluster; without a name its first. */
export function findNode({ name: cluster, nodes }: ClusterPlan, name: string | undefined): NodePlan {
  const found = name === undefined ? nodes[0] : nodes.find((node) => node.name === name)
  if (found !== undefined) return found
  const known = nodes.map((node) => node.name).join(', ')
  throw new LabError(`cluster ${cluster} has no node "${name}"; it has ${known}`)
}
