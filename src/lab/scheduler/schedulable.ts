/** Pods and nodes as the scheduler reads them (core/v1): the fields by which it decides. */
import type { KubeObject } from '../../api/objects.ts'

export interface LabelSelector {
  matchLabels?: Record<string, string>
  matchExpressions?: { key: string; operator: string; values?: string[] }[]
}

export interface Toleration {
  key?: string
  operator?: 'Exists' | 'Equal'
  value?: string
  effect?: string
}

/** A term of pod affinity or anti-affinity. */
export interface PodAffinityTerm {
  labelSelector?: LabelSelector
  namespaces?: string[]
  topologyKey: string
}

export interface NodeSelectorTerm {
  matchExpressions?: { key: string; operator: string; values?: string[] }[]
}

export interface SpreadConstraint {
  maxSkew: number
  topologyKey: string
  whenUnsatisfiable: 'DoNotSchedule' | 'ScheduleAnyway'
  labelSelector?: LabelSelector
}

interface PodAffinity {
  requiredDuringSchedulingIgnoredDuringExecution?: PodAffinityTerm[]
  preferredDuringSchedulingIgnoredDuringExecution?: { weight: number; podAffinityTerm: PodAffinityTerm }[]
}

export interface SchedulablePod extends KubeObject {
  spec?: {
    nodeName?: string
    schedulerName?: string
    nodeSelector?: Record<string, string>
    tolerations?: Toleration[]
    topologySpreadConstraints?: SpreadConstraint[]
    affinity?: {
      nodeAffinity?: {
        requiredDuringSchedulingIgnoredDuringExecution?: { nodeSelectorTerms: NodeSelectorTerm[] }
      }
      podAffinity?: PodAffinity
      podAntiAffinity?: PodAffinity
    }
  }
  status?: { phase?: string; conditions?: { type: string; status: string; message?: string }[] }
}

export interface SchedulableNode extends KubeObject {
  spec?: { unschedulable?: boolean; taints?: { key: string; value?: string; effect: string }[] }
  status?: { conditions?: { type: string; status: string }[] }
}
