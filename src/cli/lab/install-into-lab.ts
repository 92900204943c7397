/** Puts fairlead into every cluster of a lab, with one root for all, and links each pair. */
import { join } from 'node:path'
import type { LabHost } from '../../lab/host/lab-host.ts'
import { loadOrCreateRoot } from '../../pki/clusterset-root.ts'
import { installFairlead } from '../install/install.ts'
import { ROOT_DAYS } from '../install/limits.ts'
import { linkClusters } from '../install/link-clusters.ts'

export interface InstallIntoLabOptions {
  /** Told of each step, for people. */
  readonly say: (message: string) => void
  readonly signal: AbortSignal
}

const CLUSTERSET = 'lab'

/** Resolves when every process is ready and every link is up. */
export async function installIntoLab(host: LabHost, { say, signal }: InstallIntoLabOptions): Promise<void> {
  const { kubeconfig } = host.files
  const names = host.clusters.map(({ name }) => name)
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
      wait: true,
      say,
    })
  await Promise.all(names.map((name) => install(name)))
  signal.throwIfAborted()
  say(`linking ${names.join(', ')}`)
  await Promise.all(
    pairs(names).map(([context, toContext]) => linkClusters({ kubeconfig, context, toContext, wait: true })),
  )
}

/** Every two, the later one dialling the earlier. */
function pairs(names: readonly string[]): [string, string][] {
  return names.flatMap((to, index) => names.slice(index + 1).map((from): [string, string] => [from, to]))
}
