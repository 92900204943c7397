/** One cluster as the supervisor sees it: its control plane, its nodes, and how they do. */
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import type { ClusterStatus, ProcessStatus } from '../control/status.ts'
import { processCommand } from '../entry.ts'
import { nodeReady } from '../kubelet-client.ts'
import type { ClusterFiles, LabFiles } from '../layout.ts'
import { addressesOf } from '../node-plan.ts'
import { systemEnv } from '../system-env.ts'
import { type ClusterPlan, type NodePlan, serviceNetworks } from '../topology.ts'
import type { InsideNode } from './lab-network.ts'
import { SupervisedProcess } from './supervised-process.ts'

export interface LabClusterDeps {
  readonly clock: Clock
  readonly log: Logger
  /** For each node, the way to write a command so that it runs there. */
  readonly inside: readonly InsideNode[]
}

export interface LabClusterConfig {
  readonly plan: ClusterPlan
  readonly lab: LabFiles
  /** The API server is a real one. */
  readonly real: boolean
}

/** Starts and watches the processes of one cluster. */
export class LabCluster {
  readonly plan: ClusterPlan
  readonly files: ClusterFiles
  readonly #apiServer: SupervisedProcess
  /** In the order of the plan. */
  readonly #nodes: readonly SupervisedProcess[]

  constructor(deps: LabClusterDeps, config: LabClusterConfig) {
    this.plan = config.plan
    this.files = config.lab.cluster(config.plan.name)
    const [first = (command) => [...command] as [string, ...string[]]] = deps.inside
    this.#apiServer = new SupervisedProcess(deps, {
      name: `api-server of ${this.plan.name}`,
      command: first(config.real ? this.#process('lab-real-api', config) : this.#apiServerCommand()),
      logFile: this.files.apiLog,
      env: systemEnv(),
    })
    this.#nodes = this.plan.nodes.map((node) => {
      const inside = deps.inside[node.index] ?? first
      return new SupervisedProcess(deps, {
        name: `node ${node.name} of ${this.plan.name}`,
        command: inside([...this.#process('lab-node', config), '--node', node.name]),
        logFile: this.files.node(node.index).log,
        env: systemEnv(),
      })
    })
  }

  async start(): Promise<void> {
    await Promise.all([this.#apiServer, ...this.#nodes].map((process) => process.start()))
  }

  async stop(): Promise<void> {
    await Promise.all([this.#apiServer, ...this.#nodes].map((process) => process.stop()))
  }

  /** Nodes whose kubelet, Service rules and DNS are not up, or on the first, whose controllers are not. */
  async notReady(): Promise<readonly NodePlan[]> {
    const ready = await Promise.all(
      this.plan.nodes.map(({ index }) => nodeReady(this.files.node(index).kubeletSocket)),
    )
    return this.plan.nodes.filter(({ index }) => !ready[index])
  }

  /** The processes of `api-server`, of the node of that name, or with `node` of all nodes. */
  processes(role: string): readonly { name: string; pid: number }[] {
    return this.#statuses()
      .filter(({ name, node }) => role === name || role === node)
      .flatMap(({ name, node = name, pid }) => (pid === undefined ? [] : [{ name: node, pid }]))
  }

  async status(clients: number): Promise<ClusterStatus> {
    const notReady = (await this.notReady()).map(({ name }) => name)
    const { name, nodeAddress, private: isPrivate } = this.plan
    const nodes = this.plan.nodes.map((node) => ({
      name: node.name,
      ready: !notReady.includes(node.name),
      addresses: addressesOf(node),
      podNetwork: node.podNetwork,
    }))
    const processes = this.#statuses()
    return { name, ready: notReady.length === 0, nodeAddress, nodes, private: isPrivate, clients, processes }
  }

  #statuses(): readonly ProcessStatus[] {
    const { pid, restarts } = this.#apiServer
    return [
      { name: 'api-server', pid, restarts },
      ...this.plan.nodes.map(({ name, index }) => {
        const process = this.#nodes[index]
        return { name: 'node', node: name, pid: process?.pid, restarts: process?.restarts ?? 0 } as const
      }),
    ]
  }

  #process(name: string, { lab }: LabClusterConfig): readonly string[] {
    return [...processCommand(name), '--state', lab.state, '--cluster', this.plan.name]
  }

  #apiServerCommand(): readonly string[] {
    const address = `${this.plan.nodeAddress}:${this.plan.apiPort}`
    const { files } = this
    const kubelets = this.plan.nodes.flatMap(({ name, index }) => [
      '--kubelet',
      `${name}=${files.node(index).kubeletSocket}`,
    ])
    return [
      ...processCommand('lab-api-server'),
      ...['--state', files.apiState, '--listen', address, '--advertise', address],
      ...['--socket', files.apiSocket, ...kubelets],
      ...['--cert', files.serverCert, '--key', files.serverKey, '--client-ca', files.caCert],
      ...['--service-cidr', serviceNetworks(this.plan), '--audit', files.auditLog],
    ]
  }
}
