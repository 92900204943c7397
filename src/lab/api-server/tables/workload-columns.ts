/**
 * Columns of Deployments, ReplicaSets, StatefulSets, DaemonSets and Jobs.
 */
import type { ApiObject } from '../api-object.ts'
import { numberAt, objectsAt, stringAt, stringMapAt, valueAt } from '../json/access.ts'
import { fromSelectorObject, selectorText } from '../selectors/label-selector.ts'
import { AGE, age, type Column, column, labelText, NAME, wide } from './column.ts'
import { humanDuration } from './human-duration.ts'

function status(field: string): Column['cell'] {
  return (object) => numberAt(object, 'status', field) ?? 0
}

function wanted(object: ApiObject): number {
  return numberAt(object, 'spec', 'replicas') ?? 1
}

function readyOfWanted(object: ApiObject): string {
  return `${numberAt(object, 'status', 'readyReplicas') ?? 0}/${wanted(object)}`
}

function containers(field: 'name' | 'image'): Column['cell'] {
  return (object) =>
    objectsAt(object, 'spec', 'template', 'spec', 'containers')
      .map((container) => stringAt(container, field) ?? '')
      .join(',')
}

const CONTAINERS = [wide('Containers', containers('name')), wide('Images', containers('image'))]
const SELECTOR = wide('Selector', (object) =>
  selectorText(fromSelectorObject(valueAt(object, 'spec', 'selector'))),
)

export const DEPLOYMENT_COLUMNS: readonly Column[] = [
  NAME,
  column('Ready', readyOfWanted),
  column('Up-to-date', status('updatedReplicas'), 'integer'),
  column('Available', status('availableReplicas'), 'integer'),
  AGE,
  ...CONTAINERS,
  SELECTOR,
]

export const REPLICA_SET_COLUMNS: readonly Column[] = [
  NAME,
  column('Desired', wanted, 'integer'),
  column('Current', status('replicas'), 'integer'),
  column('Ready', status('readyReplicas'), 'integer'),
  AGE,
  ...CONTAINERS,
  SELECTOR,
]

export const STATEFUL_SET_COLUMNS: readonly Column[] = [
  NAME,
  column('Ready', readyOfWanted),
  AGE,
  ...CONTAINERS,
]

export const DAEMON_SET_COLUMNS: readonly Column[] = [
  NAME,
  column('Desired', status('desiredNumberScheduled'), 'integer'),
  column('Current', status('currentNumberScheduled'), 'integer'),
  column('Ready', status('numberReady'), 'integer'),
  column('Up-to-date', status('updatedNumberScheduled'), 'integer'),
  column('Available', status('numberAvailable'), 'integer'),
  column('Node Selector', (object) =>
    labelText(stringMapAt(object, 'spec', 'template', 'spec', 'nodeSelector')),
  ),
  AGE,
  ...CONTAINERS,
  SELECTOR,
]

function jobStatus(job: ApiObject): string {
  const condition = (type: string) =>
    objectsAt(job, 'status', 'conditions').some((item) => item['type'] === type && item['status'] === 'True')
  if (condition('Complete')) return 'Complete'
  if (condition('Failed')) return 'Failed'
  return condition('Suspended') ? 'Suspended' : 'Running'
}

function jobDuration(job: ApiObject, now: number): string {
  const start = stringAt(job, 'status', 'startTime')
  const end = stringAt(job, 'status', 'completionTime')
  if (start === undefined) return ''
  return end === undefined ? age(start, now) : humanDuration(Date.parse(end) - Date.parse(start))
}

export const JOB_COLUMNS: readonly Column[] = [
  NAME,
  column('Status', jobStatus),
  column(
    'Completions',
    (job) => `${numberAt(job, 'status', 'succeeded') ?? 0}/${numberAt(job, 'spec', 'completions') ?? 1}`,
  ),
  column('Duration', jobDuration),
  AGE,
  ...CONTAINERS,
  SELECTOR,
]
