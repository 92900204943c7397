/** Client pods of `lab exec`: one fresh sandbox per running command, gone when its asker is. */
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { describeError } from '../../core/errors.ts'
import type { Logger } from '../../core/log.ts'
import type { ClientPod } from '../control/protocol.ts'
import { LabError } from '../errors.ts'
import type { ClusterFiles, LabFiles } from '../layout.ts'
import { AddressPool } from '../sandbox/address-pool.ts'
import { podResolvConf } from '../sandbox/resolv-conf.ts'
import { Sandbox } from '../sandbox/sandbox.ts'
import { podIpv6 } from '../topology.ts'
import type { ClientSource } from './lab-network.ts'
import type { NodeNetwork } from './node-network.ts'

export interface ClientPodsDeps {
  readonly log: Logger
  readonly node: NodeNetwork
}

export interface ClientPodsConfig {
  readonly lab: LabFiles
  readonly cluster: ClusterFiles
  /** Process id of the lab's first process, as the host numbers it: the way to the lab's /proc. */
  readonly hostPid: number
  readonly userNamespace: boolean
}

export class ClientPods implements ClientSource {
  readonly #deps: ClientPodsDeps
  readonly #config: ClientPodsConfig
  readonly #addresses: AddressPool
  /** By namespace: written once, because running commands have the file mounted. */
  readonly #resolvConfs = new Map<string, Promise<string>>()

  constructor(deps: ClientPodsDeps, config: ClientPodsConfig) {
    this.#deps = deps
    this.#config = config
    this.#addresses = new AddressPool(deps.node.plan.clientRange)
  }

  get count(): number {
    return this.#addresses.used
  }

  /** Makes a pod that lives until `gone` aborts. */
  async create(namespace: string, gone: AbortSignal): Promise<ClientPod> {
    const { plan, pid } = this.#deps.node
    const files = await this.#files(namespace)
    const address = this.#addresses.take()
    try {
      const name = `client-${randomBytes(3).toString('hex')}`
      const { gateway } = plan
      const ipv6 = podIpv6(plan, address)
      const sandbox = await Sandbox.create({ hostname: name, address, gateway, nodePid: pid, ipv6 })
      this.#destroyWhen(gone, sandbox)
      return { name, address, ...files, namespaces: this.#namespaces(sandbox) }
    } catch (error) {
      this.#addresses.release(address)
      throw error
    }
  }

  #destroyWhen(gone: AbortSignal, sandbox: Sandbox): void {
    const destroy = (): void => {
      sandbox
        .destroy()
        .catch((error) => this.#deps.log.warn({ error: describeError(error) }, 'cannot remove a client pod'))
        .finally(() => this.#addresses.release(sandbox.address))
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
    const { dnsAddress, dnsPort } = this.#deps.node.plan
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
