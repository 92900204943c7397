/** Runs pods as plain processes with an address of 127.0.0.0/8 each, which they are expected to bind to (POD_IP). */
import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LabPod } from '../kubelet/pod.ts'
import type { ContainerLaunch, ContainerProcess, PodRuntime, PodSandbox } from '../kubelet/runtime.ts'
import { AddressPool } from '../sandbox/address-pool.ts'
import type { ClusterPlan } from '../topology.ts'
import { accountKubeconfig } from './account-kubeconfig.ts'
import { rewritePaths } from './path-rewrite.ts'
import { PlainContainer } from './plain-container.ts'

export interface LoopbackRuntimeConfig {
  readonly plan: ClusterPlan
  /** For the pods' files. */
  readonly folder: string
}

/** Where a container would find its service account. */
const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount'

export class LoopbackRuntime implements PodRuntime {
  readonly #config: LoopbackRuntimeConfig
  readonly #addresses: AddressPool

  constructor(config: LoopbackRuntimeConfig) {
    this.#config = config
    this.#addresses = new AddressPool(config.plan.nodes[0].kubeletRange)
  }

  async createSandbox(pod: LabPod): Promise<PodSandbox> {
    const { plan } = this.#config
    const address = pod.spec?.hostNetwork ? plan.nodeAddress : this.#addresses.take()
    const folder = join(this.#config.folder, pod.metadata.uid ?? '')
    await mkdir(folder, { recursive: true, mode: 0o700 })
    return {
      addresses: [address],
      volumeFolder: join(folder, 'volumes'),
      start: (launch) => this.#start(pod, folder, launch),
      destroy: async () => {
        await rm(folder, { recursive: true, force: true })
        this.#addresses.release(address)
      },
    }
  }

  async #start(pod: LabPod, folder: string, launch: ContainerLaunch): Promise<ContainerProcess> {
    const rewrite = (text: string): string => rewritePaths(text, launch.binds)
    const environment = new Map([...launch.environment].map(([name, value]) => [name, rewrite(value)]))
    const account = launch.binds.find(({ target }) => target === TOKEN_PATH)
    if (account !== undefined && !environment.has('KUBECONFIG')) {
      environment.set('KUBECONFIG', await this.#writeKubeconfig(pod, folder, account.source))
    }
    const workingDir = rewrite(launch.container.workingDir ?? '/')
    return new PlainContainer({
      command: launch.command.map(rewrite),
      environment,
      workingDir: existsSync(workingDir) ? workingDir : '/',
      rewrite,
    })
  }

  /** Programs look for the service account at a fixed path, which cannot be mounted; all of them read KUBECONFIG too. */
  async #writeKubeconfig(pod: LabPod, folder: string, account: string): Promise<string> {
    const { nodeAddress, apiPort } = this.#config.plan
    const file = join(folder, 'kubeconfig')
    const text = accountKubeconfig(
      `https://${nodeAddress}:${apiPort}`,
      account,
      pod.metadata.namespace ?? 'default',
    )
    await writeFile(file, text, { mode: 0o600 })
    return file
  }
}
