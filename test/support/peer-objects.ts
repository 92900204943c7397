/** Kubernetes objects of end-to-end tests: pods that run a script of test/support, and what stands before them. */
import { apply, type Clusters } from './clusters.ts'

export interface PeerOptions {
  readonly name: string
  /** Name of the script in ConfigMap `peer`, and its arguments. */
  readonly script: string
  readonly args?: readonly string[]
  /** Ready when this port takes connections, or as `readiness` says. */
  readonly port?: number
  readonly readiness?: object
  readonly replicas?: number
  readonly env?: Readonly<Record<string, string>>
  /** More of the pod's spec. */
  readonly spec?: object
  /** More of the container. */
  readonly container?: object
}

/** A Deployment of a script, in namespace demo. */
export function peerDeployment(options: PeerOptions): object {
  const { name, replicas = 1, spec } = options
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'demo' },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          containers: [peerContainer(options)],
          volumes: [{ name: 'peer', configMap: { name: 'peer' } }],
          ...spec,
        },
      },
    },
  }
}

/** A Pod of a script that runs once, in namespace demo. */
export function peerPod(options: PeerOptions): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: options.name, namespace: 'demo', labels: { app: options.name } },
    spec: {
      restartPolicy: 'Never',
      containers: [peerContainer(options)],
      volumes: [{ name: 'peer', configMap: { name: 'peer' } }],
      ...options.spec,
    },
  }
}

function peerContainer({ name, script, args = ['serve'], env = {}, container, ...probe }: PeerOptions) {
  const readiness = probe.readiness ?? (probe.port && { tcpSocket: { port: probe.port } })
  return {
    name,
    image: 'node:24-slim',
    command: ['node', `/peer/${script}`, ...args],
    env: [
      { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      ...Object.entries(env).map(([key, value]) => ({ name: key, value })),
    ],
    ...(readiness && { readinessProbe: { ...readiness, periodSeconds: 1, failureThreshold: 1 } }),
    volumeMounts: [{ name: 'peer', mountPath: '/peer' }],
    ...container,
  }
}

/** One port of a Service: its number, and UDP if it is not TCP. */
export interface PeerPort {
  readonly port: number
  readonly targetPort?: number
  readonly protocol?: 'TCP' | 'UDP'
}

/** A Service of the pods of Deployment `app`, in namespace demo. */
export function peerService(name: string, app: string, ports: readonly PeerPort[], spec: object = {}) {
  const named = ports.map((each) => ({
    name: `${each.protocol ?? 'TCP'}-${each.port}`.toLowerCase(),
    ...each,
  }))
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'demo' },
    spec: { selector: { app }, ports: named, ...spec },
  }
}

export function serviceExport(name: string, annotations: Readonly<Record<string, string>> = {}): object {
  return {
    apiVersion: 'multicluster.x-k8s.io/v1beta1',
    kind: 'ServiceExport',
    metadata: { name, namespace: 'demo', annotations },
  }
}

/** A TrafficPolicy for the service called `name`; it bears the same name. */
export function trafficPolicy(name: string, spec: object): object {
  return {
    apiVersion: 'fairlead.dev/v1alpha1',
    kind: 'TrafficPolicy',
    metadata: { name, namespace: 'demo' },
    spec: { targets: [{ name }], ...spec },
  }
}

/** Applies objects. */
export async function applyAll(clusters: Clusters, cluster: string, ...items: object[]): Promise<void> {
  await apply(clusters, cluster, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
}
