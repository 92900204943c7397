/** The real control plane of one lab cluster: its processes inside the node, its files, and the ways in and out. */
import { join } from 'node:path'
import { Lifecycle, type Startable } from '../../core/lifecycle.ts'
import type { ClusterFiles } from '../layout.ts'
import { systemEnv } from '../system-env.ts'
import { type ClusterPlan, serviceNetworks } from '../topology.ts'
import { socketBridge } from './bridges.ts'
import { ControlPlane } from './control-plane.ts'
import { writeControlPlaneFiles } from './control-plane-files.ts'

export interface LabControlPlane extends Startable {
  /** Resolves, with what happened, when a part of it ends by itself. */
  readonly ended: Promise<string>
}

/** `assets`: folder of the programs. */
export async function createLabControlPlane(
  assets: string,
  plan: ClusterPlan,
  cluster: ClusterFiles,
): Promise<LabControlPlane> {
  const { serverCert, serverKey, caCert, kubeletClientCert, kubeletClientKey } = cluster
  const files = await writeControlPlaneFiles(
    cluster.apiState,
    {
      servingCert: serverCert,
      servingKey: serverKey,
      clientCa: caCert,
      kubeconfig: cluster.nodeKubeconfig,
      kubelet: { cert: kubeletClientCert, key: kubeletClientKey, ca: caCert },
    },
    cluster.auditLog,
  )
  const plane = new ControlPlane({
    assets,
    files,
    // etcd has no TLS here: it listens where only the node itself comes, on the loopback of its network namespace.
    addresses: {
      etcdClient: '127.0.0.1:2379',
      etcdPeer: '127.0.0.1:2380',
      apiHost: plan.nodeAddress,
      apiPort: plan.apiPort,
      serviceCidr: serviceNetworks(plan),
    },
    logs: join(cluster.apiState),
    env: systemEnv(),
  })
  const parts = new Lifecycle([
    plane,
    socketBridge(cluster.apiSocket, { host: plan.nodeAddress, port: plan.apiPort }),
  ])
  return { start: () => parts.start(), stop: () => parts.stop(), ended: plane.ended }
}
