/** What the egress router of a cluster told of finished flows: which backend each client's connection had. */
import type { Clusters } from './clusters.ts'

/** Makes the routers of a cluster log their flows; they start anew for it. */
export async function logFlows(clusters: Clusters, cluster: string): Promise<void> {
  const add = [{ op: 'add', path: '/spec/template/spec/containers/0/args/-', value: '--flow-log=info' }]
  const router = ['-n', 'fairlead-system', 'deployment/fairlead-router']
  await clusters.kubectl(cluster, ['patch', ...router, '--type=json', '-p', JSON.stringify(add)])
  await clusters.kubectl(cluster, ['rollout', 'status', ...router, '--timeout=60s'])
}

/**
 * Backends (`address:port`) by the client's port, of the egress flows that ended in the last `seconds`: several, for a
 * port is soon used again.
 */
export async function backendsByClientPort(
  clusters: Clusters,
  cluster: string,
  seconds: number,
): Promise<ReadonlyMap<number, ReadonlySet<string>>> {
  const logs = ['logs', '-n', 'fairlead-system', 'deployment/fairlead-router', `--since=${seconds}s`]
  const { stdout } = await clusters.kubectl(cluster, logs)
  const backends = new Map<number, Set<string>>()
  for (const line of stdout.split('\n')) {
    if (!line.includes('"side":"egress"')) continue
    const { client, backend } = JSON.parse(line) as { client: { port: number }; backend: string }
    backends.set(client.port, (backends.get(client.port) ?? new Set()).add(backend))
  }
  return backends
}
