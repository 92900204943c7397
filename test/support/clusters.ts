/**
 * Two or more clusters for an end-to-end test: the lab's, or kind's when FAIRLEAD_E2E=kind. Tests speak to them only as
 * a user would: kubectl, and commands run in a client pod.
 */
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LabStatus } from '../../src/lab/control/protocol.ts'
import { eventually } from './eventually.ts'
import { type Hand, type OrdinaryUser, runBy } from './ordinary-user.ts'
import { type RunOptions, type RunResult, run, start } from './run.ts'
import { ROOT } from './source-tree.ts'

const FAIRLEAD = join(ROOT, 'bin', 'fairlead.mjs')

export interface Clusters {
  /** kubectl with the cluster's context. */
  kubectl(cluster: string, args: readonly string[], options?: RunOptions): Promise<RunResult>
  /** kubectl whose end the test decides. */
  startKubectl(cluster: string, args: readonly string[]): ChildProcess
  /** Runs a command in a fresh client pod of the cluster. */
  exec(cluster: string, command: readonly string[], options?: RunOptions): Promise<RunResult>
  startExec(cluster: string, command: readonly string[], options?: RunOptions): ChildProcess
  /** The same on a node of that name. Lab only. */
  execOn(cluster: string, node: string, command: readonly string[], options?: RunOptions): Promise<RunResult>
  /** `fairlead` with the kubeconfig of the clusters. */
  fairlead(args: readonly string[], options?: RunOptions): Promise<RunResult>
  /** Drops every packet between two clusters, or of CLUSTER/POD, and lets them through again. Lab only. */
  cut(...what: readonly string[]): Promise<void>
  heal(...what: readonly string[]): Promise<void>
  /** Makes the path between two clusters slow, by flags of `lab slow`. Lab only. */
  slow(a: string, b: string, ...flags: readonly string[]): Promise<void>
  /** Lab only. */
  status(): Promise<LabStatus>
  /** Resets the open connections between a cluster and all others. Lab only. */
  reset(cluster: string): Promise<void>
  /** Kills the process of a role with SIGKILL: router, controller, dns or api-server. Lab only. */
  kill(cluster: string, role: string): Promise<void>
  /** What the cluster's API server was asked, a JSON line each. Lab only. */
  audit(cluster: string): Promise<string>
  /** Path of a kubeconfig with a context for each cluster. */
  readonly kubeconfig: string
  /** Folder of the clusterset's root key. */
  readonly pki: string
  down(): Promise<void>
}

/** Runs `fairlead ARGS` from the sources of this checkout. */
export function fairlead(args: readonly string[], options?: RunOptions): Promise<RunResult> {
  return run([process.execPath, FAIRLEAD, ...args], options)
}

/** Starts `fairlead ARGS`. */
export function startFairlead(args: readonly string[], options?: RunOptions): ChildProcess {
  return start([process.execPath, FAIRLEAD, ...args], options)
}

/** Brings up a lab with a state folder of its own. With FAIRLEAD_KEEP_LAB set it stays, to be looked at. */
export async function upLab(clusters = ['east', 'west'], ...flags: readonly string[]): Promise<Clusters> {
  const state = await mkdtemp(join(tmpdir(), 'fairlead-lab-'))
  return await labOf({ wrap: (command) => command }, state, clusters, flags)
}

/** The same of somebody who is not root: all that is done to the clusters he does himself. */
export async function upLabOf(
  user: OrdinaryUser,
  clusters: readonly string[],
  ...flags: readonly string[]
): Promise<Clusters> {
  return await labOf(user.hand, join(user.home, 'lab'), clusters, flags)
}

async function labOf(
  hand: Hand,
  state: string,
  clusters: readonly string[],
  flags: readonly string[],
): Promise<Clusters> {
  const lab = (command: string, ...args: readonly string[]) => ['lab', command, '--state', state, ...args]
  const api = process.env['FAIRLEAD_LAB_API'] ?? 'embedded'
  const up = [...lab('up'), '--detach', '--clusters', clusters.join(','), '--api', api, ...flags]
  const run = (command: readonly string[], options?: RunOptions) => runBy(hand, command, options)
  const begin = (command: readonly string[], options: RunOptions = {}) =>
    start(hand.wrap(command), { ...hand, ...options, env: { ...hand.env, ...options.env } })
  const program = (args: readonly string[]) => [process.execPath, FAIRLEAD, ...args]
  const fairlead = (args: readonly string[], options?: RunOptions) => run(program(args), options)
  await fairlead(up, { timeout: 180_000 })
  const kubeconfig = (await fairlead(lab('kubeconfig'))).stdout.trim()
  const env = { KUBECONFIG: kubeconfig }
  const inCluster = (cluster: string, args: readonly string[]) => [
    'kubectl',
    '--kubeconfig',
    kubeconfig,
    '--context',
    cluster,
    ...args,
  ]
  return {
    kubeconfig,
    kubectl: (cluster, args, options) => run(inCluster(cluster, args), options),
    startKubectl: (cluster, args) => begin(inCluster(cluster, args)),
    exec: (cluster, command, options) => fairlead([...lab('exec', cluster), '--', ...command], options),
    startExec: (cluster, command, options) =>
      begin(program([...lab('exec', cluster), '--', ...command]), options),
    execOn: (cluster, node, command, options) =>
      fairlead([...lab('exec', cluster, '--node', node), '--', ...command], options),
    pki: join(state, 'pki'),
    fairlead: (args, options) => fairlead(args, { ...options, env: { ...env, ...options?.env } }),
    cut: async (...what) => void (await fairlead(lab('cut', ...what))),
    heal: async (...what) => void (await fairlead(lab('heal', ...what))),
    slow: async (...what) => void (await fairlead(lab('slow', ...what))),
    status: async () => JSON.parse((await fairlead(lab('status', '-o', 'json'))).stdout) as LabStatus,
    reset: async (cluster) => void (await fairlead(lab('cut', '--reset', cluster))),
    kill: async (cluster, role) => void (await fairlead(lab('kill', cluster, role))),
    audit: (cluster) => readFile(join(state, 'clusters', cluster, 'audit.log'), 'utf8'),
    async down() {
      if (process.env['FAIRLEAD_KEEP_LAB'] !== undefined) return
      await fairlead(lab('down'), { timeout: 60_000 })
      await rm(state, { recursive: true, force: true })
    },
  }
}

/** Two clusters, east and west, with fairlead installed and linked. */
export async function upClusters(): Promise<Clusters> {
  return process.env['FAIRLEAD_E2E'] === 'kind' ? (await import('./kind-clusters.ts')).upKind() : upLab()
}

/** Applies objects given as YAML text. */
export async function apply(clusters: Clusters, cluster: string, yaml: string): Promise<void> {
  await clusters.kubectl(cluster, ['apply', '-f', '-'], { input: yaml })
}

/** Puts scripts of test/support into ConfigMap `peer` of namespace demo, for pods to run. */
export async function peerConfig(
  clusters: Clusters,
  cluster: string,
  ...scripts: readonly string[]
): Promise<void> {
  const files = scripts.map((script) => `--from-file=${join(ROOT, 'test/support', script)}`)
  await clusters.kubectl(cluster, ['create', 'configmap', 'peer', '-n', 'demo', ...files])
}

/** Waits for a Deployment's rollout. */
export async function rolledOut(
  clusters: Clusters,
  cluster: string,
  name: string,
  namespace = 'demo',
): Promise<void> {
  await clusters.kubectl(cluster, [
    'rollout',
    'status',
    `deployment/${name}`,
    '-n',
    namespace,
    '--timeout=60s',
  ])
}

/** curl in a client pod; the body. Throws when curl fails. */
export async function curl(clusters: Clusters, cluster: string, ...args: readonly string[]): Promise<string> {
  const result = await clusters.exec(cluster, [
    'curl',
    '--silent',
    '--show-error',
    '--fail',
    '--max-time',
    '5',
    ...args,
  ])
  return result.stdout
}

/** curl again and again until it answers. */
export function curlEventually(
  clusters: Clusters,
  cluster: string,
  url: string,
  within = 10_000,
): Promise<string> {
  return eventually(() => curl(clusters, cluster, '--connect-timeout', '1', url), { within })
}

/**
 * The uid of a ServiceImport in namespace demo. The same before and after a fault: it was there all the time, because
 * one that goes and comes back is another object.
 */
export function importUid(clusters: Clusters, cluster: string, name: string): Promise<string> {
  const get = ['get', 'serviceimport', name, '-n', 'demo', '-o', 'jsonpath={.metadata.uid}']
  return eventually(async () => (await clusters.kubectl(cluster, get, { timeout: 2000 })).stdout)
}
