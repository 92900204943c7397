/**
 * Rules of Pods: defaults, grace of deletion, what may change later.
 */
import type { ApiObject } from '../api-object.ts'
import { defaultPodSpec } from '../defaults/pod-defaults.ts'
import { ensureObject, fillDefaults, numberAt, objectAt, stringAt } from '../json/access.ts'
import { cloneJson, equalJson } from '../json/compare.ts'
import { type FieldError, forbiddenField } from '../validation/field-error.ts'
import { checkPodSpec } from '../validation/pod-spec.ts'
import type { Strategy } from './resource-definition.ts'

export const podStrategy: Strategy = {
  defaults(pod) {
    const spec = objectAt(pod, 'spec')
    if (spec === undefined) return
    defaultPodSpec(spec)
    fillDefaults(spec, {
      enableServiceLinks: true,
      preemptionPolicy: 'PreemptLowerPriority',
      priority: 0,
      serviceAccountName: 'default',
      serviceAccount: 'default',
    })
  },
  prepareCreate(pod) {
    fillDefaults(ensureObject(pod, 'status'), { phase: 'Pending', qosClass: qosClass(pod) })
  },
  validate: (pod) => checkPodSpec(objectAt(pod, 'spec'), 'spec'),
  validateUpdate: checkChange,
  graceSeconds: podGrace,
  fieldLabels: {
    'spec.nodeName': (pod) => stringAt(pod, 'spec', 'nodeName') ?? '',
    'spec.restartPolicy': (pod) => stringAt(pod, 'spec', 'restartPolicy') ?? '',
    'spec.schedulerName': (pod) => stringAt(pod, 'spec', 'schedulerName') ?? '',
    'spec.serviceAccountName': (pod) => stringAt(pod, 'spec', 'serviceAccountName') ?? '',
    'spec.hostNetwork': (pod) => String(objectAt(pod, 'spec')?.['hostNetwork'] ?? false),
    'status.phase': (pod) => stringAt(pod, 'status', 'phase') ?? '',
    'status.podIP': (pod) => stringAt(pod, 'status', 'podIP') ?? '',
    'status.nominatedNodeName': (pod) => stringAt(pod, 'status', 'nominatedNodeName') ?? '',
  },
}

/** Pods on a node wait for its kubelet; others, and those that ended, go at once. */
function podGrace(pod: ApiObject, asked: number | undefined): number {
  const phase = stringAt(pod, 'status', 'phase')
  if (!stringAt(pod, 'spec', 'nodeName') || phase === 'Failed' || phase === 'Succeeded') return 0
  const own = numberAt(pod, 'spec', 'terminationGracePeriodSeconds') ?? 30
  const wanted = asked ?? pod.metadata.deletionGracePeriodSeconds ?? own
  return Math.min(wanted, pod.metadata.deletionGracePeriodSeconds ?? wanted)
}

function qosClass(pod: ApiObject): string {
  const containers = pod['spec'] === undefined ? [] : (objectAt(pod, 'spec')?.['containers'] as unknown[])
  const resources = containers.map((container) => ({
    limits: objectAt(container, 'resources', 'limits') ?? {},
    requests: objectAt(container, 'resources', 'requests') ?? {},
  }))
  if (resources.every(({ limits, requests }) => Object.keys({ ...limits, ...requests }).length === 0))
    return 'BestEffort'
  const guaranteed = resources.every(
    ({ limits, requests }) => 'cpu' in limits && 'memory' in limits && equalJson(limits, requests),
  )
  return guaranteed ? 'Guaranteed' : 'Burstable'
}

const IMMUTABLE =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

function checkChange(next: ApiObject, current: ApiObject): FieldError[] {
  return equalJson(fixedPart(next), fixedPart(current)) ? [] : [forbiddenField('spec', IMMUTABLE)]
}

/** The spec without what may change. nodeName may be set once: the lab has no bindings. */
function fixedPart(pod: ApiObject): unknown {
  const spec = cloneJson(objectAt(pod, 'spec')) ?? {}
  for (const field of ['initContainers', 'containers']) {
    const containers = spec[field]
    if (Array.isArray(containers)) for (const container of containers) delete container.image
  }
  const {
    activeDeadlineSeconds: _a,
    tolerations: _b,
    terminationGracePeriodSeconds: _c,
    nodeName: _d,
    ...rest
  } = spec
  return rest
}
