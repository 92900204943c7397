/** What a node runs its pods and its Service addresses with: namespaces and nftables, or plain processes. */
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import type { PodRuntime } from '../kubelet/runtime.ts'
import type { LabFiles } from '../layout.ts'
import type { TableDriver } from '../service-proxy/service-proxy.ts'
import type { ClusterPlan, NodePlan } from '../topology.ts'

export interface NodeDeps {
  readonly clock: Clock
  readonly log: Logger
}

export interface NodeConfig {
  readonly plan: ClusterPlan
  /** Which of its nodes this is. */
  readonly node: NodePlan
  readonly files: LabFiles
  /** There is one user, and it looks like root. */
  readonly userNamespace: boolean
  /** kube-controller-manager runs the cluster's controllers, not the node. */
  readonly realApi: boolean
  /** For pods with dnsPolicy Default. */
  readonly hostResolvConf: string
}

export interface NodePlatform {
  readonly runtime: PodRuntime
  readonly driver: TableDriver
  /** Variables every container has. */
  readonly environment: Readonly<Record<string, string>>
  /** Files cannot be given to other users. */
  readonly oneUser: boolean
  /** Where the port of a Service address really is. Default: where it says. */
  readonly portOf?: (port: number) => number
}

/** Folders of programs that every container's PATH ends with. */
export const SYSTEM_PATH = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
] as const
