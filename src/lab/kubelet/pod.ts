/** Pods as the kubelet reads them (core/v1), reduced to the fields it honours. Long because it is a table of shapes. */
import type { KubeObject } from '../../api/objects.ts'

export interface KeySelector {
  name?: string
  key: string
  optional?: boolean
}

export interface EnvVar {
  name: string
  value?: string
  valueFrom?: {
    fieldRef?: { fieldPath: string }
    resourceFieldRef?: { resource: string }
    configMapKeyRef?: KeySelector
    secretKeyRef?: KeySelector
  }
}

export interface EnvFromSource {
  prefix?: string
  configMapRef?: { name?: string; optional?: boolean }
  secretRef?: { name?: string; optional?: boolean }
}

export interface HttpGetAction {
  path?: string
  port: number | string
  host?: string
  scheme?: 'HTTP' | 'HTTPS'
  httpHeaders?: { name: string; value: string }[]
}

/** What a probe or a lifecycle hook does. */
export interface PodAction {
  exec?: { command?: string[] }
  httpGet?: HttpGetAction
  tcpSocket?: { port: number | string; host?: string }
  sleep?: { seconds: number }
}

export interface Probe extends PodAction {
  initialDelaySeconds?: number
  timeoutSeconds?: number
  periodSeconds?: number
  successThreshold?: number
  failureThreshold?: number
}

export interface SecurityContext {
  runAsUser?: number
  runAsGroup?: number
  readOnlyRootFilesystem?: boolean
  allowPrivilegeEscalation?: boolean
  privileged?: boolean
  capabilities?: { add?: string[]; drop?: string[] }
}

export interface VolumeMount {
  name: string
  mountPath: string
  subPath?: string
  readOnly?: boolean
}

export interface Container {
  name: string
  image?: string
  command?: string[]
  args?: string[]
  workingDir?: string
  env?: EnvVar[]
  envFrom?: EnvFromSource[]
  ports?: { name?: string; containerPort: number; protocol?: string }[]
  volumeMounts?: VolumeMount[]
  startupProbe?: Probe
  readinessProbe?: Probe
  livenessProbe?: Probe
  lifecycle?: { postStart?: PodAction; preStop?: PodAction }
  securityContext?: SecurityContext
  /** Only on init containers: `Always` makes it one that runs beside the others. */
  restartPolicy?: 'Always'
}

export interface KeyToPath {
  key: string
  path: string
  mode?: number
}

export interface DownwardFile {
  path: string
  fieldRef?: { fieldPath: string }
  mode?: number
}

export interface VolumeProjection {
  configMap?: { name?: string; items?: KeyToPath[]; optional?: boolean }
  secret?: { name?: string; items?: KeyToPath[]; optional?: boolean }
  downwardAPI?: { items?: DownwardFile[] }
  serviceAccountToken?: { path: string; audience?: string; expirationSeconds?: number }
}

export interface Volume {
  name: string
  emptyDir?: object
  hostPath?: { path: string; type?: string }
  configMap?: { name?: string; items?: KeyToPath[]; optional?: boolean; defaultMode?: number }
  secret?: { secretName?: string; items?: KeyToPath[]; optional?: boolean; defaultMode?: number }
  downwardAPI?: { items?: DownwardFile[]; defaultMode?: number }
  projected?: { sources?: VolumeProjection[]; defaultMode?: number }
}

export interface LabPodSpec {
  nodeName?: string
  hostname?: string
  subdomain?: string
  hostNetwork?: boolean
  serviceAccountName?: string
  automountServiceAccountToken?: boolean
  restartPolicy?: 'Always' | 'OnFailure' | 'Never'
  terminationGracePeriodSeconds?: number
  dnsPolicy?: 'ClusterFirst' | 'ClusterFirstWithHostNet' | 'Default' | 'None'
  dnsConfig?: {
    nameservers?: string[]
    searches?: string[]
    options?: { name: string; value?: string }[]
  }
  hostAliases?: { ip: string; hostnames?: string[] }[]
  securityContext?: SecurityContext & {
    fsGroup?: number
    supplementalGroups?: number[]
    sysctls?: { name: string; value: string }[]
  }
  initContainers?: Container[]
  containers: Container[]
  volumes?: Volume[]
}

export interface PodCondition {
  type: string
  status: 'True' | 'False'
  reason?: string
  message?: string
  lastTransitionTime: string
}

export interface ContainerStateStatus {
  waiting?: { reason: string; message?: string }
  running?: { startedAt: string }
  terminated?: {
    exitCode: number
    signal?: number
    reason: string
    message?: string
    startedAt: string
    finishedAt: string
  }
}

export interface ContainerStatus {
  name: string
  state: ContainerStateStatus
  lastState: ContainerStateStatus
  ready: boolean
  started: boolean
  restartCount: number
  image: string
  imageID: string
  containerID?: string
}

export interface LabPodStatus {
  phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed'
  reason?: string
  message?: string
  podIP?: string
  podIPs?: { ip: string }[]
  hostIP?: string
  hostIPs?: { ip: string }[]
  startTime?: string
  qosClass?: string
  conditions?: PodCondition[]
  initContainerStatuses?: ContainerStatus[]
  containerStatuses?: ContainerStatus[]
}

export interface LabPod extends KubeObject {
  spec?: LabPodSpec
  status?: LabPodStatus
}

export interface ConfigMap extends KubeObject {
  data?: Record<string, string>
  binaryData?: Record<string, string>
}

export interface Secret extends KubeObject {
  data?: Record<string, string>
}

/** Grace of pods that name none (the API's default). Seconds. */
export const DEFAULT_GRACE_SECONDS = 30

/** `namespace/name` of a pod, for logs and errors. */
export function podName(pod: LabPod): string {
  return `${pod.metadata.namespace}/${pod.metadata.name}`
}
