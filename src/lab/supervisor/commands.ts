/** What the control socket can ask of a running lab. */
import type { ClientPod, ControlRequest, Killed, LabStatus } from '../control/protocol.ts'
import { LabError } from '../errors.ts'
import { runningContainers } from '../kubelet-client.ts'
import type { LabConfig } from '../lab-config.ts'
import { QUIET } from '../slow/path-shape.ts'
import type { NodePlan } from '../topology.ts'
import type { LabCluster } from './cluster.ts'
import type { ClientSource, LabFaults } from './lab-network.ts'

/** One cluster and its client pods. */
export interface ClusterMember {
  readonly cluster: LabCluster
  readonly clients: ClientSource
}

export interface LabCommandsDeps {
  readonly members: readonly ClusterMember[]
  readonly faults: LabFaults
  /** Ends the lab. */
  readonly down: () => void
}

/** Answers control requests. */
export class LabCommands {
  readonly #deps: LabCommandsDeps
  readonly #config: LabConfig

  constructor(deps: LabCommandsDeps, config: LabConfig) {
    this.#deps = deps
    this.#config = config
  }

  async handle(request: ControlRequest, gone: AbortSignal): Promise<unknown> {
    const { cuts, pods, slow } = this.#deps.faults
    switch (request.command) {
      case 'status':
        return await this.#status()
      case 'exec':
        return await this.#exec(request, gone)
      case 'cut':
        return await cuts.change('cut', request.clusters)
      case 'heal':
        await cuts.change('heal', request.clusters)
        return await slow.change(request.clusters, QUIET)
      case 'cut-pod':
        return await pods.cut(request.cluster, request.pod)
      case 'heal-pod':
        return await pods.heal(request.cluster, request.pod)
      case 'slow':
        return await slow.change(request.clusters, request.shape)
      case 'reset':
        return await cuts.reset(request.cluster, request.peer)
      case 'kill':
        return await this.#kill(request.cluster, request.role, request.signal)
      case 'down':
        return this.#deps.down()
      default:
        throw new LabError(`the lab does not know the command ${JSON.stringify(request)}`)
    }
  }

  async #status(): Promise<LabStatus> {
    const clusters = await Promise.all(
      this.#deps.members.map(({ cluster, clients }) => cluster.status(clients.count)),
    )
    const { cuts, pods, slow } = this.#deps.faults
    const { mode, startedAt, noIpv6, links } = this.#config
    return {
      mode,
      startedAt,
      noIpv6,
      ready: clusters.every((cluster) => cluster.ready),
      clusters,
      links,
      cuts: cuts.list(),
      cutPods: pods.list(),
      slow: slow.list(),
    }
  }

  async #exec(
    { cluster, ...request }: Extract<ControlRequest, { command: 'exec' }>,
    gone: AbortSignal,
  ): Promise<ClientPod> {
    return await this.#member(cluster).clients.create(request, gone)
  }

  async #kill(name: string, role: string, signal: NodeJS.Signals): Promise<Killed> {
    const { cluster } = this.#member(name)
    const own = cluster.processes(role)
    const processes = own.length > 0 ? own : await podProcesses(cluster, role)
    if (processes.length === 0) throw new LabError(`nothing in cluster ${name} runs as "${role}"`)
    for (const { pid } of processes) process.kill(pid, signal)
    return { processes }
  }

  #member(name: string): ClusterMember {
    const found = this.#deps.members.find(({ cluster }) => cluster.plan.name === name)
    if (found !== undefined) return found
    const known = this.#deps.members.map(({ cluster }) => cluster.plan.name).join(', ')
    throw new LabError(`this lab has no cluster "${name}"; it has ${known}`)
  }
}

/** `router` means the pods fairlead-router-*; `demo/web` those of namespace demo whose names start with web. */
async function podProcesses(cluster: LabCluster, role: string): Promise<{ name: string; pid: number }[]> {
  const [prefix = '', namespace] = role.split('/').reverse()
  const ofNode = ({ index }: NodePlan) => runningContainers(cluster.files.node(index).kubeletSocket)
  const containers = await Promise.all(cluster.plan.nodes.map(ofNode))
  return containers
    .flat()
    .filter((each) => namespace === undefined || each.namespace === namespace)
    .filter((each) => each.pod.startsWith(prefix) || each.pod.startsWith(`fairlead-${prefix}`))
    .map((each) => ({ name: `${each.namespace}/${each.pod}/${each.container}`, pid: each.pid }))
}
