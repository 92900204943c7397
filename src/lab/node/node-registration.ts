/** Makes the node known to its API server, and says now and then that it is alive. */
import { cpus, release, totalmem } from 'node:os'
import type { KubeObject } from '../../api/objects.ts'
import { Resource } from '../../api/resources.ts'
import { Backoff } from '../../core/backoff.ts'
import type { Clock } from '../../core/clock.ts'
import { describeError } from '../../core/errors.ts'
import type { Startable } from '../../core/lifecycle.ts'
import type { Logger } from '../../core/log.ts'
import type { KubeClient } from '../../kube/types.ts'
import { HEARTBEAT_INTERVAL, MAX_PODS, STATUS_BACKOFF } from '../kubelet/limits.ts'
import { addressesOf, type NodePlan } from '../node-plan.ts'
import { pause } from '../pause.ts'

export interface NodeRegistrationDeps {
  readonly client: KubeClient
  readonly clock: Clock
  readonly log: Logger
}

export interface NodeRegistrationConfig {
  /** Of the cluster. */
  readonly region: string
  readonly node: NodePlan
  readonly kubeletPort: number
  readonly version: string
}

const FIELD_MANAGER = 'lab-node'

export class NodeRegistration implements Startable {
  readonly #deps: NodeRegistrationDeps
  readonly #config: NodeRegistrationConfig
  readonly #stopping = new AbortController()
  readonly #startedAt: string
  #registered = false
  #running: Promise<void> = Promise.resolve()

  constructor(deps: NodeRegistrationDeps, config: NodeRegistrationConfig) {
    this.#deps = deps
    this.#config = config
    this.#startedAt = this.#now()
  }

  /** True once the API server knows the node. */
  get registered(): boolean {
    return this.#registered
  }

  async start(): Promise<void> {
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const backoff = new Backoff(STATUS_BACKOFF)
    const { signal } = this.#stopping
    let delay = 0
    while (await pause(this.#deps.clock, delay, signal)) {
      try {
        await this.#report()
        this.#registered = true
        backoff.reset()
        delay = HEARTBEAT_INTERVAL
      } catch (error) {
        this.#deps.log.debug({ error: describeError(error) }, 'cannot register the node yet')
        delay = backoff.next()
      }
    }
  }

  async #report(): Promise<void> {
    const { client } = this.#deps
    const { name } = this.#config.node
    await client.apply(Resource.node, this.#node(), { fieldManager: FIELD_MANAGER })
    // Not applied: to that, two addresses of one type are the same twice.
    await client.patch(Resource.node, { name }, 'merge', { status: this.#status() }, 'status')
  }

  #node(): KubeObject & { spec: object } {
    const { node, region } = this.#config
    const { name } = node
    const labels = {
      'kubernetes.io/hostname': name,
      'kubernetes.io/os': 'linux',
      'kubernetes.io/arch': process.arch === 'x64' ? 'amd64' : process.arch,
      'topology.kubernetes.io/region': region,
    }
    const podCIDRs = [node.podNetwork, ...(node.ipv6 === undefined ? [] : [node.ipv6.podNetwork])]
    return { metadata: { name, labels }, spec: { podCIDR: node.podNetwork, podCIDRs } }
  }

  #status(): object {
    const { node, kubeletPort, version } = this.#config
    const resources = {
      cpu: String(cpus().length),
      memory: `${Math.floor(totalmem() / 1024)}Ki`,
      pods: String(MAX_PODS),
    }
    return {
      capacity: resources,
      allocatable: resources,
      addresses: [
        ...addressesOf(node).map((address) => ({ type: 'InternalIP', address })),
        { type: 'Hostname', address: node.name },
      ],
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'KubeletReady',
          message: 'the lab node runs pods as processes',
          lastTransitionTime: this.#startedAt,
          lastHeartbeatTime: this.#now(),
        },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } },
      nodeInfo: {
        kubeletVersion: version,
        kubeProxyVersion: version,
        containerRuntimeVersion: 'lab://1',
        kernelVersion: release(),
        osImage: 'fairlead lab',
        operatingSystem: 'linux',
        architecture: process.arch === 'x64' ? 'amd64' : process.arch,
        machineID: '',
        systemUUID: '',
        bootID: '',
      },
    }
  }

  #now(): string {
    return new Date(this.#deps.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z')
  }
}
