/** The host's side of a lab: owns the state folder, the certificates, the way in, and the life of the supervisor. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { errorCode, UsageError } from '../../core/errors.ts'
import { LabError } from '../errors.ts'
import { type LabConfig, type LabLink, writeLabConfig } from '../lab-config.ts'
import { type LabFiles, labFiles } from '../layout.ts'
import { MAX_SOCKET_PATH } from '../limits.ts'
import { type ClusterPlan, LabMode, planClusters } from '../topology.ts'
import { issueClusterCertificates } from './cluster-certificates.ts'
import { Forwarder } from './forwarder.ts'
import { whyNoIpv6 } from './ipv6.ts'
import { type KubeconfigEntry, kubeconfig } from './kubeconfig.ts'
import { removeLabFiles, removeLabState } from './lab-state.ts'
import { type LaunchedLab, launchPlain, launchSupervisor } from './launch.ts'
import { requireLoopback } from './loopback-requirements.ts'
import { mayUseLowPorts } from './low-ports.ts'
import { needsUserNamespace } from './namespace-command.ts'
import { requireNamespaces } from './requirements.ts'
import { lockState, type StateLock } from './state-lock.ts'

export interface LabHostDeps {
  /** Told of each step, for people. */
  readonly progress: (message: string) => void
}

export interface LabHostConfig {
  readonly state: string
  readonly clusters: readonly string[]
  /** Clusters that can dial others and cannot be dialled. */
  readonly private?: readonly string[]
  /** Nodes of each cluster. */
  readonly nodes?: number | undefined
  /** Leave IPv6 out, as on a machine that has none. */
  readonly ipv4Only?: boolean | undefined
  /** Links that will be made, for `lab status`. */
  readonly links?: readonly LabLink[]
  readonly mode: LabMode
  readonly logLevel: LabConfig['logLevel']
  /** Folder of a real control plane's programs; the embedded API server when absent. */
  readonly assets?: string | undefined
}

/** Lookups ask /etc/hosts and the cluster's DNS, nothing else of the host. */
const NSSWITCH =
  'passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\nprotocols: files\n'

/** A lab from `start` to `stop`. */
export class LabHost {
  readonly files: LabFiles
  readonly #deps: LabHostDeps
  readonly #config: LabHostConfig
  readonly #forwarders: Forwarder[] = []
  #clusters: readonly ClusterPlan[]
  #noIpv6: string | undefined
  #lock: StateLock | undefined
  #launched: LaunchedLab | undefined

  constructor(deps: LabHostDeps, config: LabHostConfig) {
    this.#deps = deps
    this.#config = config
    this.files = labFiles(config.state)
    this.#clusters = this.#plan()
    for (const { name, nodes } of this.#clusters)
      requireShortPath(this.files.cluster(name).node(nodes.length - 1).kubeletSocket)
  }

  get clusters(): readonly ClusterPlan[] {
    return this.#clusters
  }

  /** Resolves when somebody ended the lab; rejects when it broke. */
  get ended(): Promise<void> {
    return this.#outcome()
  }

  /** Resolves when every cluster is ready. What was started is ended again when that fails; logs stay. */
  async start(signal: AbortSignal): Promise<void> {
    await mkdir(this.files.state, { recursive: true, mode: 0o700 })
    const lock = await lockState(this.files.state)
    try {
      await this.#build(signal)
    } catch (error) {
      await this.#end()
      await lock.release()
      throw error
    }
    this.#lock = lock
  }

  /** Ends a lab that failed; its logs stay. */
  async abandon(): Promise<void> {
    await this.#end()
    await this.#lock?.release()
  }

  /** Ends the lab and removes what it wrote. */
  async stop(): Promise<void> {
    await this.#end()
    await removeLabState(this.files)
    await this.#lock?.release()
  }

  async #build(signal: AbortSignal): Promise<void> {
    if (this.#config.mode === LabMode.namespaces) await requireNamespaces()
    else await requireLoopback(this.#clusters)
    this.#noIpv6 = await this.#whyNoIpv6()
    this.#clusters = this.#plan()
    await removeLabFiles(this.files)
    await Promise.all([this.#writeAccess(), this.#writeConfig()])
    signal.throwIfAborted()
    const launch = this.#config.mode === LabMode.namespaces ? launchSupervisor : launchPlain
    this.#launched = launch(this.files, this.#deps.progress)
    await Promise.race([this.#launched.ready, rejectOnAbort(signal)])
  }

  #plan(): readonly ClusterPlan[] {
    const { clusters, mode, nodes = 1 } = this.#config
    const options = { ...this.#config, nodes, lowPorts: mayUseLowPorts(), ipv6: this.#noIpv6 === undefined }
    return planClusters(clusters, mode, options)
  }

  async #whyNoIpv6(): Promise<string | undefined> {
    const { mode, ipv4Only } = this.#config
    if (mode !== LabMode.namespaces) return 'loopback mode has none'
    return ipv4Only ? 'it was left out with --ipv4-only' : await whyNoIpv6()
  }

  async #writeConfig(): Promise<void> {
    const { mode, logLevel, assets, links = [] } = this.#config
    const config: LabConfig = {
      mode,
      logLevel,
      assets,
      userNamespace: mode === LabMode.namespaces && needsUserNamespace(),
      clusters: this.#clusters,
      noIpv6: this.#noIpv6,
      links,
      startedAt: new Date().toISOString(),
      hostResolvConf: await readHostResolvConf(),
    }
    await writeLabConfig(this.files.config, config)
    await writeFile(this.files.nsswitchConf, NSSWITCH)
    await mkdir(this.files.memory, { mode: 0o755 })
  }

  /** Certificates, forwarders and kubeconfigs of all clusters. */
  async #writeAccess(): Promise<void> {
    const entries = await Promise.all(this.#clusters.map((plan) => this.#clusterAccess(plan)))
    await writeFile(this.files.kubeconfig, kubeconfig(entries), { mode: 0o600 })
  }

  async #clusterAccess(plan: ClusterPlan): Promise<KubeconfigEntry> {
    const { name } = plan
    const files = this.files.cluster(name)
    const forwarder = new Forwarder({ socketPath: files.apiSocket })
    this.#forwarders.push(forwarder)
    const [{ caPem, admin, node }] = await Promise.all([
      issueClusterCertificates(plan, files),
      forwarder.start(),
    ])
    const inside = { name, caPem, client: node, server: `https://${plan.nodeAddress}:${plan.apiPort}` }
    await writeFile(files.nodeKubeconfig, kubeconfig([inside]), { mode: 0o600 })
    return { name, caPem, client: admin, server: `https://127.0.0.1:${forwarder.port}` }
  }

  async #outcome(): Promise<void> {
    if ((await this.#launched?.ended) === 'broken') throw new LabError(`the lab broke: see ${this.files.log}`)
  }

  async #end(): Promise<void> {
    await this.#launched?.stop()
    await Promise.all(this.#forwarders.map((forwarder) => forwarder.stop()))
  }
}

async function readHostResolvConf(): Promise<string> {
  try {
    return await readFile('/etc/resolv.conf', 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return ''
    throw error
  }
}

/** The kernel takes no longer names for unix sockets. */
function requireShortPath(socket: string): void {
  if (Buffer.byteLength(socket) <= MAX_SOCKET_PATH) return
  throw new UsageError(
    `the path of the state folder is too long for unix sockets (${socket}): give a shorter one with --state`,
  )
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
  )
}
