/** Builds a lab inside the namespaces it was started in, says how far it is, and serves its control socket. */
import type { Clock } from '../../core/clock.ts'
import { TimeoutError } from '../../core/errors.ts'
import type { Logger } from '../../core/log.ts'
import { ControlServer } from '../control/server.ts'
import type { LabConfig } from '../lab-config.ts'
import type { LabFiles } from '../layout.ts'
import { CLUSTER_READY_TIMEOUT } from '../limits.ts'
import { createLoopbackNetwork } from '../loopback/loopback-network.ts'
import { LabMode } from '../topology.ts'
import { LabCluster } from './cluster.ts'
import { type ClusterMember, LabCommands } from './commands.ts'
import type { ClusterPlace, LabFaults, LabNetwork } from './lab-network.ts'
import { createNamespaceNetwork } from './namespace-network.ts'

/** Milliseconds between two looks at a cluster that is not ready yet. */
const READY_POLL = 40

export interface SupervisorDeps {
  readonly clock: Clock
  readonly log: Logger
  /** Told of each step, for people. */
  readonly progress: (message: string) => void
}

export interface SupervisorConfig {
  readonly lab: LabConfig
  readonly files: LabFiles
  /** The lab's first process as the host numbers it. */
  readonly hostPid: number
}

export class Supervisor {
  readonly #deps: SupervisorDeps
  readonly #config: SupervisorConfig
  readonly #down = Promise.withResolvers<void>()

  constructor(deps: SupervisorDeps, config: SupervisorConfig) {
    this.#deps = deps
    this.#config = config
  }

  /** Resolves when somebody asked for the end of the lab. */
  get ended(): Promise<void> {
    return this.#down.promise
  }

  /** Resolves when every cluster is ready. */
  async start(): Promise<void> {
    const { places, faults } = await this.#network()
    const { noIpv6 } = this.#config.lab
    const only = noIpv6 === undefined ? '' : `, with IPv4 only: ${noIpv6}`
    this.#deps.progress(`networks of ${places.map(({ plan }) => plan.name).join(', ')} are up${only}`)
    const members = places.map((place) => this.#member(place))
    await Promise.all(members.map(({ cluster }) => cluster.start()))
    await this.#serve(members, faults)
    await Promise.all(members.map(({ cluster }) => this.#ready(cluster)))
  }

  async #network(): Promise<LabNetwork> {
    const { lab } = this.#config
    if (lab.mode === LabMode.loopback) return createLoopbackNetwork(this.#config)
    return await createNamespaceNetwork(this.#deps, this.#config)
  }

  #member({ plan, clients, inside }: ClusterPlace): ClusterMember {
    const { clock, log } = this.#deps
    const { files, lab } = this.#config
    const config = { plan, lab: files, real: lab.assets !== undefined }
    return { cluster: new LabCluster({ clock, log, inside }, config), clients }
  }

  async #serve(members: readonly ClusterMember[], faults: LabFaults): Promise<void> {
    const commands = new LabCommands({ members, faults, down: () => this.#down.resolve() }, this.#config.lab)
    const server = new ControlServer(
      { log: this.#deps.log, handle: (request, gone) => commands.handle(request, gone) },
      { path: this.#config.files.controlSocket },
    )
    await server.start()
  }

  async #ready(cluster: LabCluster): Promise<void> {
    const { clock, progress } = this.#deps
    const began = clock.monotonic()
    for (;;) {
      const [node] = await cluster.notReady()
      if (node === undefined) break
      if (clock.monotonic() - began > CLUSTER_READY_TIMEOUT) {
        throw new TimeoutError(
          `node ${node.name} of cluster ${cluster.plan.name} is not ready after ${CLUSTER_READY_TIMEOUT / 1000} s: see ${cluster.files.node(node.index).log} and ${cluster.files.apiLog}`,
        )
      }
      await clock.sleep(READY_POLL)
    }
    progress(`cluster ${cluster.plan.name} is ready`)
  }
}
