/**
 * Rules of Deployments, ReplicaSets, StatefulSets, DaemonSets and Jobs.
 */
import type { ApiObject } from '../api-object.ts'
import { defaultTemplate } from '../defaults/pod-defaults.ts'
import {
  ensureObject,
  fillDefaults,
  type JsonObject,
  numberAt,
  objectAt,
  stringAt,
  stringMapAt,
  valueAt,
} from '../json/access.ts'
import { equalJson } from '../json/compare.ts'
import { fromSelectorObject, matchesLabels } from '../selectors/label-selector.ts'
import { type FieldError, forbiddenField, invalidValue, required } from '../validation/field-error.ts'
import { checkPodSpec } from '../validation/pod-spec.ts'
import type { Strategy } from './resource-definition.ts'

function workload(
  defaults: (spec: JsonObject) => void,
  update: Strategy['validateUpdate'] = sameSelector,
): Strategy {
  return {
    countsGenerations: true,
    defaults(object) {
      defaultTemplate(object)
      const spec = objectAt(object, 'spec')
      if (spec !== undefined) defaults(spec)
    },
    prepareCreate: (object) => void ensureObject(object, 'status'),
    validate: checkWorkload,
    validateUpdate: update,
    fieldLabels: {
      'status.replicas': (object) => String(numberAt(object, 'status', 'replicas') ?? 0),
    },
  }
}

/** The selector must pick the template's pods. */
function checkWorkload(object: ApiObject): FieldError[] {
  const selector = objectAt(object, 'spec', 'selector')
  const labels = stringMapAt(object, 'spec', 'template', 'metadata', 'labels')
  const faults: FieldError[] = []
  const requirements = fromSelectorObject(selector)
  if (selector === undefined) faults.push(required('spec.selector'))
  else if (requirements.length === 0)
    faults.push(invalidValue('spec.selector', selector, 'empty selector is invalid for deployment'))
  else if (!matchesLabels(requirements, labels)) {
    faults.push(
      invalidValue('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'),
    )
  }
  const replicas = numberAt(object, 'spec', 'replicas') ?? 0
  if (replicas < 0) faults.push(invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0'))
  const template = objectAt(object, 'spec', 'template', 'spec')
  return [...faults, ...checkPodSpec(template, 'spec.template.spec'), ...checkRestart(template)]
}

function checkRestart(template: JsonObject | undefined): FieldError[] {
  const policy = stringAt(template, 'restartPolicy')
  if (policy === undefined || policy === 'Always') return []
  return [
    {
      field: 'spec.template.spec.restartPolicy',
      reason: 'FieldValueNotSupported',
      message: `Unsupported value: "${policy}": supported values: "Always"`,
    },
  ]
}

function sameSelector(next: ApiObject, current: ApiObject): FieldError[] {
  const selector = valueAt(next, 'spec', 'selector')
  if (equalJson(selector, valueAt(current, 'spec', 'selector'))) return []
  return [invalidValue('spec.selector', selector, 'field is immutable')]
}

/** What a StatefulSet may change. */
const STATEFUL_FREE = new Set([
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
  'revisionHistoryLimit',
])

function statefulUpdate(next: ApiObject, current: ApiObject): FieldError[] {
  const fixed = (object: ApiObject) =>
    Object.fromEntries(
      Object.entries(objectAt(object, 'spec') ?? {}).filter(([key]) => !STATEFUL_FREE.has(key)),
    )
  if (equalJson(fixed(next), fixed(current))) return []
  return [
    forbiddenField(
      'spec',
      "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ),
  ]
}

export const deploymentStrategy = workload((spec) => {
  fillDefaults(spec, { replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 })
  const strategy = ensureObject(spec, 'strategy')
  fillDefaults(strategy, { type: 'RollingUpdate' })
  if (strategy['type'] === 'RollingUpdate') {
    fillDefaults(ensureObject(strategy, 'rollingUpdate'), { maxSurge: '25%', maxUnavailable: '25%' })
  }
})

export const replicaSetStrategy = workload((spec) => fillDefaults(spec, { replicas: 1 }))

export const statefulSetStrategy = workload((spec) => {
  fillDefaults(spec, {
    replicas: 1,
    revisionHistoryLimit: 10,
    podManagementPolicy: 'OrderedReady',
    serviceName: '',
  })
  const strategy = ensureObject(spec, 'updateStrategy')
  fillDefaults(strategy, { type: 'RollingUpdate' })
  if (strategy['type'] === 'RollingUpdate')
    fillDefaults(ensureObject(strategy, 'rollingUpdate'), { partition: 0 })
  fillDefaults(ensureObject(spec, 'persistentVolumeClaimRetentionPolicy'), {
    whenDeleted: 'Retain',
    whenScaled: 'Retain',
  })
}, statefulUpdate)

export const daemonSetStrategy = workload((spec) => {
  fillDefaults(spec, { revisionHistoryLimit: 10 })
  const strategy = ensureObject(spec, 'updateStrategy')
  fillDefaults(strategy, { type: 'RollingUpdate' })
  if (strategy['type'] === 'RollingUpdate') {
    fillDefaults(ensureObject(strategy, 'rollingUpdate'), { maxSurge: 0, maxUnavailable: 1 })
  }
})

/** Jobs are stored; nothing runs them. */
export const jobStrategy: Strategy = {
  countsGenerations: true,
  defaults(job) {
    defaultTemplate(job)
    const spec = objectAt(job, 'spec')
    if (spec !== undefined)
      fillDefaults(spec, {
        backoffLimit: 6,
        completionMode: 'NonIndexed',
        completions: 1,
        parallelism: 1,
        suspend: false,
      })
  },
  prepareCreate(job) {
    const labels = { 'batch.kubernetes.io/controller-uid': job.metadata.uid ?? '' }
    const spec = objectAt(job, 'spec')
    if (spec === undefined) return
    fillDefaults(spec, { selector: { matchLabels: labels } })
    const metadata = ensureObject(ensureObject(spec, 'template'), 'metadata')
    Object.assign(ensureObject(metadata, 'labels'), labels, {
      'batch.kubernetes.io/job-name': job.metadata.name,
    })
    ensureObject(job, 'status')
  },
  validate: (job) => checkPodSpec(objectAt(job, 'spec', 'template', 'spec'), 'spec.template.spec'),
  fieldLabels: { 'status.successful': (job) => String(numberAt(job, 'status', 'succeeded') ?? 0) },
}
