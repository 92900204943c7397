/** Runs pods in namespaces of this machine. */
import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describeError } from '../../core/errors.ts'
import type { Logger } from '../../core/log.ts'
import { type NodePlan, podIpv6 } from '../node-plan.ts'
import { AddressPool } from '../sandbox/address-pool.ts'
import { Sandbox } from '../sandbox/sandbox.ts'
import { prepareRoot, type RootFacts } from './container-root.ts'
import { type Bind, containerScript } from './container-script.ts'
import { NamespacedContainer } from './namespaced-container.ts'
import type { LabPod } from './pod.ts'
import { hostsFile, type PodFilesConfig, resolvConf } from './pod-files.ts'
import { privilegeFlags, userFlags } from './privileges.ts'
import type { ContainerLaunch, ContainerProcess, PodRuntime, PodSandbox } from './runtime.ts'
import { safeSysctls } from './safe-sysctls.ts'

export interface NamespacedRuntimeDeps {
  readonly log: Logger
  readonly facts: RootFacts
}

export interface NamespacedRuntimeConfig {
  readonly node: NodePlan
  /** A folder in memory. */
  readonly folder: string
  readonly userNamespace: boolean
  readonly files: PodFilesConfig
  readonly nsswitchConf: string
}

export class NamespacedRuntime implements PodRuntime {
  readonly #deps: NamespacedRuntimeDeps
  readonly #config: NamespacedRuntimeConfig
  readonly #addresses: AddressPool

  constructor(deps: NamespacedRuntimeDeps, config: NamespacedRuntimeConfig) {
    this.#deps = deps
    this.#config = config
    this.#addresses = new AddressPool(config.node.kubeletRange)
  }

  async createSandbox(pod: LabPod, hostname: string): Promise<PodSandbox> {
    const { node } = this.#config
    const hostNetwork = pod.spec?.hostNetwork === true
    const address = hostNetwork ? node.address : this.#addresses.take()
    const release = (): void => this.#addresses.release(address)
    try {
      const sandbox = await Sandbox.create({
        hostname,
        address,
        gateway: node.gateway,
        nodePid: process.pid,
        hostNetwork,
        sysctls: safeSysctls(pod),
        ipv6: hostNetwork ? node.ipv6 : podIpv6(node, address),
      })
      const folder = join(this.#config.folder, pod.metadata.uid ?? hostname)
      await this.#writeFiles(pod, hostname, address, folder)
      return new NamespacedSandbox({ ...this.#deps, pod, sandbox, release }, { ...this.#config, folder })
    } catch (error) {
      release()
      throw error
    }
  }

  async #writeFiles(pod: LabPod, hostname: string, address: string, folder: string): Promise<void> {
    await rm(folder, { recursive: true, force: true })
    const etc = join(folder, 'etc')
    await mkdir(etc, { recursive: true })
    await Promise.all([
      writeFile(join(etc, 'hosts'), hostsFile(pod, hostname, address)),
      writeFile(join(etc, 'hostname'), `${hostname}\n`),
      writeFile(join(etc, 'resolv.conf'), resolvConf(pod, this.#config.files)),
    ])
  }
}

interface NamespacedSandboxDeps extends NamespacedRuntimeDeps {
  readonly pod: LabPod
  readonly sandbox: Sandbox
  readonly release: () => void
}

class NamespacedSandbox implements PodSandbox {
  readonly addresses: readonly string[]
  readonly volumeFolder: string
  readonly #deps: NamespacedSandboxDeps
  readonly #config: NamespacedRuntimeConfig

  constructor(deps: NamespacedSandboxDeps, config: NamespacedRuntimeConfig) {
    this.#deps = deps
    this.#config = config
    const { address, address6 } = deps.sandbox
    this.addresses = address6 === undefined ? [address] : [address, address6]
    this.volumeFolder = join(config.folder, 'volumes')
  }

  async start(launch: ContainerLaunch): Promise<ContainerProcess> {
    const { facts, pod, sandbox } = this.#deps
    const { container, environment, command } = launch
    const folder = join(this.#config.folder, 'containers', `${container.name}-${launch.run}`)
    const readOnly = container.securityContext?.readOnlyRootFilesystem === true
    const root = await prepareRoot(facts, folder, [...this.#etcBinds(), ...launch.binds], readOnly)
    const script = containerScript({
      root,
      environment,
      command,
      workingDir: container.workingDir ?? '/',
      privileges: this.#privileges(pod, launch),
    })
    const file = join(folder, 'start.sh')
    await writeFile(file, script, { mode: 0o600 })
    const process = await NamespacedContainer.start(sandbox, file, environment)
    // With the container its mounts end, and what it wrote can go.
    process.exited
      .then(() => rm(folder, { recursive: true, force: true }))
      .catch((error) =>
        this.#deps.log.warn({ folder, error: describeError(error) }, 'cannot remove a container'),
      )
    return process
  }

  async destroy(): Promise<void> {
    await this.#deps.sandbox.destroy()
    await rm(this.#config.folder, { recursive: true, force: true })
    this.#deps.release()
  }

  #etcBinds(): Bind[] {
    const etc = join(this.#config.folder, 'etc')
    const own = ['hosts', 'hostname', 'resolv.conf'].map((name) => ({
      source: join(etc, name),
      target: `/etc/${name}`,
      readOnly: false,
    }))
    const nsswitch = { source: this.#config.nsswitchConf, target: '/etc/nsswitch.conf', readOnly: true }
    return existsSync('/etc/nsswitch.conf') ? [...own, nsswitch] : own
  }

  /** In a user namespace there is only one user to be. */
  #privileges(pod: LabPod, { container }: ContainerLaunch): readonly string[] {
    const { userNamespace } = this.#config
    if (userNamespace && userFlags(pod, container).length > 0) {
      const { namespace, name } = pod.metadata
      this.#deps.log.info(
        { pod: `${namespace}/${name}`, container: container.name },
        'the user of the securityContext needs root: ignored',
      )
    }
    return privilegeFlags(pod, container, userNamespace)
  }
}
