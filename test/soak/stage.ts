/** Two clusters with servers in east, exported, and what the load of a soak needs of them. */
import { join } from 'node:path'
import { type Clusters, curlEventually, peerConfig, rolledOut, upLab } from '../support/clusters.ts'
import {
  applyAll,
  peerDeployment,
  peerService,
  serviceExport,
  trafficPolicy,
} from '../support/peer-objects.ts'
import { ROOT } from '../support/source-tree.ts'

/** Pods behind service `work`, which come and go. */
export const WORK_REPLICAS = 3

/** How long an association of service `udp` lives when nothing comes: shorter than a round's rest. */
const UDP_IDLE = '5s'

const SCRIPTS = ['churn-peer.mjs', 'resume-peer.mjs', 'udp-peer.mjs', 'endpoint-peer.mjs', 'pattern.mjs']

/** Path of a script of test/support on this machine. */
export function scriptPath(name: string): string {
  return join(ROOT, 'test/support', name)
}

/** The name of a service of ours in the clusterset. */
export function hostOf(service: string): string {
  return `${service}.demo.svc.clusterset.local`
}

/** Brings it all up. Takes it down again when that fails. */
export async function upStage(): Promise<Clusters> {
  const clusters = await upLab()
  try {
    await serve(clusters)
    return clusters
  } catch (error) {
    await clusters.down()
    throw error
  }
}

async function serve(clusters: Clusters): Promise<void> {
  for (const cluster of ['east', 'west']) await clusters.kubectl(cluster, ['create', 'namespace', 'demo'])
  await peerConfig(clusters, 'east', ...SCRIPTS)
  await applyAll(
    clusters,
    'east',
    ...server('churn', 'churn-peer.mjs', [7100]),
    ...server('steady', 'resume-peer.mjs', [7200, 7201, 7202, 7203]),
    ...server('udp', 'udp-peer.mjs', [7300]),
    peerService('udp', 'udp', [{ port: 7301, protocol: 'UDP' }]),
    ...server('work', 'endpoint-peer.mjs', [7400], WORK_REPLICAS),
    ...['churn', 'steady', 'udp', 'work'].map((name) => serviceExport(name)),
    // Exported and not, again and again.
    peerService('coming', 'work', [{ port: 7400 }]),
  )
  await applyAll(clusters, 'west', trafficPolicy('udp', { udpIdleTimeout: UDP_IDLE }))
  for (const name of ['churn', 'steady', 'udp', 'work']) await rolledOut(clusters, 'east', name)
  await curlEventually(clusters, 'west', `http://${hostOf('work')}:7400/`, 30_000)
  await curlEventually(clusters, 'west', `http://${hostOf('steady')}:7200/`, 30_000)
}

function server(name: string, script: string, ports: readonly [number, ...number[]], replicas = 1): object[] {
  return [
    peerDeployment({ name, script, port: ports[0], replicas, env: { CLUSTER: 'east' } }),
    peerService(
      name,
      name,
      ports.map((port) => ({ port })),
    ),
  ]
}
