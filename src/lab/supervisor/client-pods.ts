/** Client pods of `lab exec`: one fresh sandbox per running command, gone when its asker is. */
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { describeError } from '../../core/errors.ts'
import type { Logger } from '../../core/log.ts'
import type { ClientPod } from '../control/protocol.ts'
import { LabError } from '../errors.ts'
import { findNode } from '../lab-config.ts'
import type { ClusterFiles, LabFiles } from '../layout.ts'
import { podIpv6 } from '../node-plan.ts'
import { AddressPool } from '../sandbox/address-pool.ts'
import { podResolvConf } from '../sandbox/resolv-conf.ts'
import { Sandbox } from '../sandbox/sandbox.ts'
import type { ClusterPlan } from '../topology.ts'
import type { ClientPodRequest, ClientSource } from './lab-network.ts'
import type { NodeNetwork } from './node-network.ts'

export interface ClientPodsDeps {
  readonly log: Logger
  /** Of the cluster. */
  readonly nodes: readonly NodeNetwork[]
}

export interface ClientPodsConfig {
  readonly plan: ClusterPlan
  readonly lab: LabFiles
  readonly cluster: ClusterFiles
  /** Process id of the lab's first process, as the host numbers it: the way to the lab's /proc. */
  readonly hostPid: number
  readonly userNamespace: boolean
}

export class ClientPods implements ClientSource {
  readonly #deps: ClientPodsDeps
  readonly #config: ClientPodsConfig
  readonly #addresses: ReadonlyMap<NodeNetwork, AddressPool>
  /** By namespace: written once, because running commands have the file mounted. */
  readonly #resolvConfs = new Map<string, Promise<string>>()

  constructor(deps: ClientPodsDeps, config: ClientPodsConfig) {
    this.#deps = deps
    this.#config = config
    this.#addresses = new Map(deps.nodes.map((each) => [each, new AddressPool(each.node.clientRange)]))
  }

  get count(): number {
    return [...this.#addresses.values()].reduce((sum, { used }) => sum + used, 0)
  }

  async create({ namespace, node: wanted }: ClientPodRequest, gone: AbortSignal): Promise<ClientPod> {
    const { node, pid, addresses } = this.#place(wanted)
    const files = await this.#files(namespace)
    const address = addresses.take()
    try {
      const name = `client-${randomBytes(3).toString('hex')}`
      const { gateway } = node
      const ipv6 = podIpv6(node, address)
      const sandbox = await Sandbox.create({ hostname: name, address, gateway, nodePid: pid, ipv6 })
      this.#destroyWhen(gone, sandbox, addresses)
      return { name, address, ...files, namespaces: this.#namespaces(sandbox) }
    } catch (error) {
      addresses.release(address)
      throw error
    }
  }

  #place(wanted: string | undefined) {
    const node = findNode(this.#config.plan, wanted)
    for (const [network, addresses] of this.#addresses)
      if (network.node.index === node.index) return { node, pid: network.pid, addresses }
    throw new LabError(`node ${node.name} has no network`)
  }

  #destroyWhen(gone: AbortSignal, sandbox: Sandbox, addresses: AddressPool): void {
    const destroy = (): void => {
      sandbox
        .destroy()
        .catch((error) => this.#deps.log.warn({ error: describeError(error) }, 'cannot remove a client pod'))
        .finally(() => addresses.release(sandbox.address))
    }
    if (gone.aborted) destroy()
    else gone.addEventListener('abort', destroy, { once: true })
  }

  /** The host reaches the lab's processes through /proc of the lab's first process, whose numbers are the lab's own. */
  #namespaces(sandbox: Sandbox): NonNullable<ClientPod['namespaces']> {
    const lab = `/proc/${this.#config.hostPid}`
    return {
      ...(this.#config.userNamespace && { user: `${lab}/ns/user` }),
      net: `${lab}/root${sandbox.namespace('net')}`,
      uts: `${lab}/root${sandbox.namespace('uts')}`,
    }
  }

  async #files(namespace: string): Promise<Pick<ClientPod, 'resolvConf' | 'nsswitchConf' | 'dns'>> {
    const { dnsAddress, dnsPort } = this.#config.plan
    const written = this.#resolvConfs.get(namespace) ?? this.#writeResolvConf(namespace, dnsAddress)
    this.#resolvConfs.set(namespace, written)
    return {
      resolvConf: await written,
      nsswitchConf: this.#config.lab.nsswitchConf,
      dns: `${dnsAddress}:${dnsPort}`,
    }
  }

  async #writeResolvConf(namespace: string, dnsAddress: string): Promise<string> {
    if (!NAMESPACE.test(namespace)) throw new LabError(`"${namespace}" is not the name of a namespace`)
    const file = this.#config.cluster.resolvConf(namespace)
    await writeFile(file, podResolvConf(dnsAddress, namespace), { mode: 0o644 })
    return file
  }
}

const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
