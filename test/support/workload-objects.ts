/** Kubernetes objects for tests of the lab's controllers: small, with only what a test says. */
import type { EndpointSlice, Service } from '../../src/api/objects.ts'
import type {
  DaemonSet,
  Deployment,
  PodTemplate,
  ReplicaSet,
  StatefulSet,
  WorkloadPod,
} from '../../src/lab/controllers/workloads.ts'

/** What `now` is in these tests. */
export const NOW = Date.parse('2026-01-01T00:10:00Z')

/** A time `seconds` before NOW. */
export function ago(seconds: number): string {
  return new Date(NOW - seconds * 1000).toISOString()
}

export function template(image = 'a'): PodTemplate {
  return {
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: image, ports: [{ name: 'http', containerPort: 8080 }] }] },
  }
}

export interface PodOptions {
  readonly ready?: boolean
  readonly readySeconds?: number
  readonly phase?: string
  readonly terminating?: boolean
  readonly ip?: string
  readonly labels?: Record<string, string>
  readonly spec?: WorkloadPod['spec']
  readonly created?: string
}

export function pod(name: string, options: PodOptions = {}): WorkloadPod {
  const { ready = true, readySeconds = 60, phase = 'Running', terminating = false, ip } = options
  return {
    metadata: {
      name,
      namespace: 'demo',
      uid: `uid-${name}`,
      creationTimestamp: options.created ?? ago(100),
      labels: options.labels ?? { app: 'web' },
      ...(terminating && { deletionTimestamp: ago(1) }),
    },
    spec: { nodeName: 'node', containers: template().spec.containers ?? [], ...options.spec },
    status: {
      phase,
      ...(ip !== undefined && { podIP: ip, podIPs: [{ ip }] }),
      conditions: [
        { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: ago(readySeconds) },
      ],
    },
  }
}

export function replicaSet(name: string, replicas: number, extra: Partial<ReplicaSet> = {}): ReplicaSet {
  return {
    metadata: { name, namespace: 'demo', uid: `uid-${name}`, generation: 1 },
    spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: template() },
    ...extra,
  }
}

/** A ReplicaSet whose Pods are all there; `available` of them available. */
export function runningSet(name: string, replicas: number, available = replicas): ReplicaSet {
  const status = { replicas, readyReplicas: available, availableReplicas: available }
  return replicaSet(name, replicas, { status })
}

export function deployment(spec: Partial<Deployment['spec']> = {}): Deployment {
  return {
    metadata: { name: 'web', namespace: 'demo', uid: 'uid-web', generation: 1 },
    spec: { replicas: 3, selector: { matchLabels: { app: 'web' } }, template: template(), ...spec },
  }
}

export function statefulSet(spec: Partial<StatefulSet['spec']> = {}): StatefulSet {
  return {
    metadata: { name: 'db', namespace: 'demo', uid: 'uid-db', generation: 1 },
    spec: {
      replicas: 3,
      serviceName: 'db',
      selector: { matchLabels: { app: 'web' } },
      template: template(),
      ...spec,
    },
  }
}

export function daemonSet(spec: Partial<DaemonSet['spec']> = {}): DaemonSet {
  return {
    metadata: { name: 'agent', namespace: 'demo', uid: 'uid-agent', generation: 1 },
    spec: { selector: { matchLabels: { app: 'web' } }, template: template(), ...spec },
  }
}

export function service(spec: Service['spec'] = {}): Service {
  return {
    metadata: { name: 'web', namespace: 'demo', uid: 'uid-svc', labels: { team: 'blue' } },
    spec: {
      clusterIP: '10.96.0.20',
      ipFamilies: ['IPv4'],
      selector: { app: 'web' },
      ports: [{ name: 'http', port: 80, targetPort: 'http' }],
      ...spec,
    },
  }
}

/** A slice as the API server would have stored it. */
export function stored(slice: EndpointSlice, name: string): EndpointSlice {
  const { generateName: _generated, ...metadata } = slice.metadata
  return { ...slice, metadata: { ...metadata, name, uid: `uid-${name}`, resourceVersion: '1' } }
}
