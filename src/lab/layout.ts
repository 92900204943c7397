/** What lies where in the state folder of a lab. */
import { join, resolve } from 'node:path'

/** Files of one cluster. */
export interface ClusterFiles {
  readonly folder: string
  /** The API server's own state, so that it survives being killed. */
  readonly apiState: string
  readonly apiSocket: string
  readonly apiLog: string
  /** A JSON line for each request to the API server: who did what, and the answer's status. */
  readonly auditLog: string
  readonly nodeKubeconfig: string
  readonly podLogs: string
  readonly caCert: string
  readonly serverCert: string
  readonly serverKey: string
  /** What a real API server shows to the kubelet. */
  readonly kubeletClientCert: string
  readonly kubeletClientKey: string
  /** Of the node at this position, from 0. */
  node(index: number): NodeFiles
  /** resolv.conf of client pods in `namespace`. */
  resolvConf(namespace: string): string
}

/** Files of one node. */
export interface NodeFiles {
  readonly kubeletSocket: string
  readonly log: string
}

/** Files of the lab. */
export interface LabFiles {
  readonly state: string
  /** What the supervisor is to build. */
  readonly config: string
  readonly controlSocket: string
  readonly kubeconfig: string
  readonly log: string
  /** Mount point of the lab's memory: a folder that only the lab's own processes see filled. */
  readonly memory: string
  /** The root of the clusterset that `lab up` installs. */
  readonly pki: string
  /** Lookups of client pods go to the cluster's DNS only, whatever the host's nsswitch.conf says. */
  readonly nsswitchConf: string
  cluster(name: string): ClusterFiles
}

/** Paths below the state folder; nothing is created. */
export function labFiles(stateDir: string): LabFiles {
  const state = resolve(stateDir)
  return {
    state,
    config: join(state, 'lab.json'),
    controlSocket: join(state, 'control.sock'),
    kubeconfig: join(state, 'kubeconfig'),
    log: join(state, 'lab.log'),
    memory: join(state, 'run'),
    pki: join(state, 'pki'),
    nsswitchConf: join(state, 'nsswitch.conf'),
    cluster: (name) => clusterFiles(join(state, 'clusters', name)),
  }
}

function clusterFiles(folder: string): ClusterFiles {
  return {
    folder,
    apiState: join(folder, 'api'),
    apiSocket: join(folder, 'api.sock'),
    apiLog: join(folder, 'api-server.log'),
    auditLog: join(folder, 'audit.log'),
    nodeKubeconfig: join(folder, 'node.kubeconfig'),
    podLogs: join(folder, 'pods'),
    caCert: join(folder, 'ca.crt'),
    serverCert: join(folder, 'server.crt'),
    serverKey: join(folder, 'server.key'),
    kubeletClientCert: join(folder, 'kubelet-client.crt'),
    kubeletClientKey: join(folder, 'kubelet-client.key'),
    node: (index) => {
      const which = index === 0 ? '' : `-${index + 1}`
      return {
        kubeletSocket: join(folder, `kubelet${which}.sock`),
        log: join(folder, `node${which}.log`),
      }
    },
    resolvConf: (namespace) => join(folder, `resolv-${namespace}.conf`),
  }
}
