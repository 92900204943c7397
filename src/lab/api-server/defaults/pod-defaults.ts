/**
 * Defaults of pod specs, alone or in a template.
 */
import { fillDefaults, isObject, type JsonObject, objectAt, objectsAt, stringAt } from '../json/access.ts'

/** Fills a pod spec in place. */
export function defaultPodSpec(spec: JsonObject): void {
  const account = spec['serviceAccountName'] ?? spec['serviceAccount']
  if (account !== undefined) Object.assign(spec, { serviceAccountName: account, serviceAccount: account })
  fillDefaults(spec, {
    dnsPolicy: 'ClusterFirst',
    restartPolicy: 'Always',
    schedulerName: 'default-scheduler',
    securityContext: {},
    terminationGracePeriodSeconds: 30,
  })
  for (const field of ['initContainers', 'containers']) {
    for (const container of objectsAt(spec, field)) defaultContainer(container)
  }
  for (const volume of objectsAt(spec, 'volumes')) defaultVolume(volume)
}

function defaultContainer(container: JsonObject): void {
  fillDefaults(container, {
    imagePullPolicy: pullPolicy(stringAt(container, 'image') ?? ''),
    resources: {},
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
  })
  for (const port of objectsAt(container, 'ports')) fillDefaults(port, { protocol: 'TCP' })
  for (const field of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    const probe = objectAt(container, field)
    if (probe !== undefined) defaultProbe(probe)
  }
  for (const env of objectsAt(container, 'env')) {
    const field = objectAt(env, 'valueFrom', 'fieldRef')
    if (field !== undefined) fillDefaults(field, { apiVersion: 'v1' })
  }
  defaultLimits(container)
}

/** What is limited but not requested is requested as limited. */
function defaultLimits(container: JsonObject): void {
  const limits = objectAt(container, 'resources', 'limits')
  const resources = objectAt(container, 'resources')
  if (limits === undefined || resources === undefined) return
  resources['requests'] = { ...limits, ...objectAt(resources, 'requests') }
}

/** Images without a tag, or called latest, are pulled each time. */
function pullPolicy(image: string): string {
  const name = image.slice(image.lastIndexOf('/') + 1)
  if (name.includes('@')) return 'IfNotPresent'
  const tag = name.split(':')[1] ?? 'latest'
  return tag === 'latest' ? 'Always' : 'IfNotPresent'
}

function defaultProbe(probe: JsonObject): void {
  fillDefaults(probe, { failureThreshold: 3, periodSeconds: 10, successThreshold: 1, timeoutSeconds: 1 })
  const http = objectAt(probe, 'httpGet')
  if (http !== undefined) fillDefaults(http, { path: '/', scheme: 'HTTP' })
  const grpc = objectAt(probe, 'grpc')
  if (grpc !== undefined) fillDefaults(grpc, { service: '' })
}

/** 0644: what files of volumes may be read by. */
const DEFAULT_MODE = 420

function defaultVolume(volume: JsonObject): void {
  for (const field of ['secret', 'configMap', 'downwardAPI', 'projected']) {
    const source = objectAt(volume, field)
    if (source !== undefined) fillDefaults(source, { defaultMode: DEFAULT_MODE })
  }
  for (const source of objectsAt(volume, 'projected', 'sources')) {
    const token = objectAt(source, 'serviceAccountToken')
    if (token !== undefined) fillDefaults(token, { expirationSeconds: 3600 })
  }
  const host = objectAt(volume, 'hostPath')
  if (host !== undefined) fillDefaults(host, { type: '' })
  if (Object.keys(volume).length === 1) volume['emptyDir'] = {}
}

/** Fills the pod template of a workload. */
export function defaultTemplate(workload: JsonObject): void {
  const template = objectAt(workload, 'spec', 'template')
  const spec = objectAt(template, 'spec')
  if (template === undefined || spec === undefined) return
  const { metadata } = template
  if (isObject(metadata)) metadata['creationTimestamp'] ??= null
  defaultPodSpec(spec)
}
