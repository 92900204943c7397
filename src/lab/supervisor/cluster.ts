/** One cluster as the supervisor sees it: a node's networks, two processes, and the client pods of its users. */
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import type { ClusterStatus } from '../control/status.ts'
import { processCommand } from '../entry.ts'
import type { ClusterFiles, LabFiles } from '../layout.ts'
import { systemEnv } from '../system-env.ts'
import { type ClusterPlan, nodeAddresses, serviceNetworks } from '../topology.ts'
import { SupervisedProcess } from './supervised-process.ts'

export interface LabClusterDeps {
  readonly clock: Clock
  readonly log: Logger
  /** Wraps a command so that it runs inside the node. */
  readonly inside: (command: readonly string[]) => [string, ...string[]]
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
  readonly #node: SupervisedProcess

  constructor(deps: LabClusterDeps, config: LabClusterConfig) {
    this.plan = config.plan
    this.files = config.lab.cluster(config.plan.name)
    const env = systemEnv()
    this.#apiServer = new SupervisedProcess(deps, {
      name: `api-server of ${this.plan.name}`,
      command: deps.inside(config.real ? this.#process('lab-real-api', config) : this.#apiServerCommand()),
      logFile: this.files.apiLog,
      env,
    })
    this.#node = new SupervisedProcess(deps, {
      name: `node of ${this.plan.name}`,
      command: deps.inside(this.#process('lab-node', config)),
      logFile: this.files.nodeLog,
      env,
    })
  }

  async start(): Promise<void> {
    await Promise.all([this.#apiServer.start(), this.#node.start()])
  }

  async stop(): Promise<void> {
    await Promise.all([this.#apiServer.stop(), this.#node.stop()])
  }

  /** Process id of `api-server` or `node`; undefined between two starts. */
  pidOf(process: 'api-server' | 'node'): number | undefined {
    return (process === 'node' ? this.#node : this.#apiServer).pid
  }

  status(ready: boolean, clients: number): ClusterStatus {
    const processes = [
      { name: 'api-server', pid: this.#apiServer.pid, restarts: this.#apiServer.restarts },
      { name: 'node', pid: this.#node.pid, restarts: this.#node.restarts },
    ] as const
    const { name, nodeAddress, private: isPrivate } = this.plan
    const addresses = nodeAddresses(this.plan)
    return { name, ready, nodeAddress, nodeAddresses: addresses, private: isPrivate, clients, processes }
  }

  #process(name: string, { lab }: LabClusterConfig): readonly string[] {
    return [...processCommand(name), '--state', lab.state, '--cluster', this.plan.name]
  }

  #apiServerCommand(): readonly string[] {
    const address = `${this.plan.nodeAddress}:${this.plan.apiPort}`
    const { files } = this
    return [
      ...processCommand('lab-api-server'),
      ...['--state', files.apiState, '--listen', address, '--advertise', address],
      ...['--socket', files.apiSocket, '--kubelet-socket', files.kubeletSocket],
      ...['--cert', files.serverCert, '--key', files.serverKey, '--client-ca', files.caCert],
      ...['--service-cidr', serviceNetworks(this.plan), '--audit', files.auditLog],
    ]
  }
}
