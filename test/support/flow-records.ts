/** What the egress router of a cluster told of finished flows: which backend each client's connection had. */
import type { Clusters } from './clusters.ts'

/** Makes the routers of a cluster log their flows; they start anew for it. */
export async function logFlows(clusters: Clusters, cluster: string): Promise<void> {
  const add = [{ op: 'add', path: '/spec/template/spec/containers/0/args/-', value: '--flow-log=info' }]
  const router = ['-n', 'fairlead-system', 'deployment/fairlead-router']
  await clusters.kubectl(cluster, ['patch', ...router, '--type=json', '-p', JSON.stringify(add)])
  await clusters.kubectl(cluster, ['rollout', 'status', ...router, '--timeout=60s'])
}

export interface EgressRecord {
  readonly client: { readonly port: number }
  readonly backend: string
  /** `finished` when both sides had ended it. */
  readonly ended: string
}

/** What the routers of `cluster` wrote of flows to its backends that ended in the last `seconds`. */
export async function egressRecords(
  clusters: Clusters,
  cluster: string,
  seconds: number,
): Promise<readonly EgressRecord[]> {
  const logs = ['logs', '-n', 'fairlead-system', 'deployment/fairlead-router', `--since=${seconds}s`]
  const { stdout } = await clusters.kubectl(cluster, logs)
  const lines = stdout.split('\n').filter((line) => line.includes('"side":"egress"'))
  return lines.map((line) => JSON.parse(line) as EgressRecord)
}
