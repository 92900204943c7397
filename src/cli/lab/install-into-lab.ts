/** Puts fairlead into every cluster of a lab, with one root for all, and links them. */
import { join } from 'node:path'
import type { LabHost } from '../../lab/host/lab-host.ts'
import { loadOrCreateRoot } from '../../pki/clusterset-root.ts'
import { installFairlead } from '../install/install.ts'
import { ROOT_DAYS } from '../install/limits.ts'
import { linkClusters } from '../install/link-clusters.ts'
import type { Dial } from './link-shape.ts'

export interface InstallIntoLabOptions {
  readonly links: readonly Dial[]
  /** Router replicas of each cluster. */
  readonly routers: number
  /** Global addresses. Default: none. */
  readonly globalnet?: boolean
  /** Told of each step, for people. */
  readonly say: (message: string) => void
  readonly signal: AbortSignal
}

const CLUSTERSET = 'lab'

/** Resolves when every process is ready and every link is up. */
export async function installIntoLab(host: LabHost, options: InstallIntoLabOptions): Promise<void> {
  const { links, routers, say, signal } = options
  const { kubeconfig } = host.files
  const pkiDir = join(host.files.state, 'pki')
  await loadOrCreateRoot({ dir: pkiDir, clusterset: CLUSTERSET, days: ROOT_DAYS })
  const install = (context: string) =>
    installFairlead({
      kubeconfig,
      context,
      clusterId: context,
      clusterset: CLUSTERSET,
      pkiDir,
      overlay: 'lab',
      routerReplicas: routers,
      globalnet: options.globalnet ? {} : undefined,
      wait: true,
      say,
    })
  await Promise.all(host.clusters.map(({ name }) => install(name)))
  signal.throwIfAborted()
  say(`linking ${links.map(({ from, to }) => `${from} to ${to}`).join(', ')}`)
  await Promise.all(
    links.map(({ from, to }) => linkClusters({ kubeconfig, context: from, toContext: to, wait: true })),
  )
}
