// Writes src/lab/api-server/generated/schemas.json: OpenAPI schemas of the kinds the lab's API server serves, from
// the models of @kubernetes/client-node (types and documentation) and the list types below (which the models lack).
// Run after an upgrade of client-node: node scripts/generate-lab-schemas.mjs
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LIST_TYPES } from './lab-schema-list-types.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const models = join(root, 'node_modules/@kubernetes/client-node/dist/gen/models')

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1'
const CORE = 'io.k8s.api.core.v1'
const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity'

// Package, group, version, then the classes served from it: kinds first reached keep nested classes in their package.
const ROOTS = [
  [
    META,
    undefined,
    'V1ObjectMeta V1LabelSelector V1OwnerReference V1Condition V1ListMeta V1DeleteOptions V1Status V1MicroTime',
  ],
  [
    CORE,
    ['', 'v1'],
    'V1Namespace V1Node V1Pod V1Service V1ConfigMap V1Secret V1ServiceAccount CoreV1Event V1Endpoints V1PersistentVolumeClaim',
  ],
  ['io.k8s.api.events.v1', ['events.k8s.io', 'v1'], 'EventsV1Event'],
  ['io.k8s.api.apps.v1', ['apps', 'v1'], 'V1Deployment V1ReplicaSet V1StatefulSet V1DaemonSet'],
  ['io.k8s.api.autoscaling.v1', ['autoscaling', 'v1'], 'V1Scale'],
  ['io.k8s.api.batch.v1', ['batch', 'v1'], 'V1Job'],
  ['io.k8s.api.discovery.v1', ['discovery.k8s.io', 'v1'], 'V1EndpointSlice'],
  ['io.k8s.api.coordination.v1', ['coordination.k8s.io', 'v1'], 'V1Lease'],
  ['io.k8s.api.policy.v1', ['policy', 'v1'], 'V1PodDisruptionBudget V1Eviction'],
  ['io.k8s.api.networking.v1', ['networking.k8s.io', 'v1'], 'V1NetworkPolicy'],
  [
    'io.k8s.api.rbac.v1',
    ['rbac.authorization.k8s.io', 'v1'],
    'V1Role V1ClusterRole V1RoleBinding V1ClusterRoleBinding',
  ],
  [
    'io.k8s.api.authorization.v1',
    ['authorization.k8s.io', 'v1'],
    'V1SelfSubjectAccessReview V1SelfSubjectRulesReview V1SubjectAccessReview V1LocalSubjectAccessReview',
  ],
  [
    'io.k8s.api.authentication.v1',
    ['authentication.k8s.io', 'v1'],
    'AuthenticationV1TokenRequest V1TokenReview V1SelfSubjectReview',
  ],
  [
    'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1',
    ['apiextensions.k8s.io', 'v1'],
    'V1CustomResourceDefinition',
  ],
]
const META_NESTED = [
  'V1ManagedFieldsEntry',
  'V1LabelSelectorRequirement',
  'V1Preconditions',
  'V1StatusDetails',
  'V1StatusCause',
]
// A Quantity is a plain string in the models; these fields also take numbers.
const QUANTITIES = new Set([
  'ResourceRequirements.limits',
  'ResourceRequirements.requests',
  'VolumeResourceRequirements.limits',
  'VolumeResourceRequirements.requests',
  'NodeStatus.capacity',
  'NodeStatus.allocatable',
  'PodSpec.overhead',
  'ContainerStatus.allocatedResources',
  'PersistentVolumeClaimStatus.capacity',
  'PersistentVolumeClaimStatus.allocatedResources',
  'EmptyDirVolumeSource.sizeLimit',
  'ResourceFieldSelector.divisor',
])

const packages = new Map([...META_NESTED.map((name) => [name, META]), ['V1PodTemplateSpec', CORE]])
const definitions = {}

const shortName = (className) =>
  className.replace(/^(?:Core|Events|Discovery|Rbac|Authentication|Apiextensions)?V1(?=[A-Z])/, '')
const definitionName = (className) => `${packages.get(className)}.${shortName(className)}`

function cleanText(text) {
  const flat = text
    .replace(/^\s*\* ?/gm, '')
    .replace(/\\(['"])/g, '$1')
    .replace(/\s+/g, ' ')
    .trim()
  const sentences = flat.split(/(?<=[.!?])\s+(?=[A-Z])/)
  const first = sentences[0] ?? ''
  const both = sentences.length > 1 && first.length < 60 ? `${first} ${sentences[1]}` : first
  return both.length > 240 ? `${both.slice(0, 237)}...` : both
}

function readDocs(className) {
  const text = readFileSync(join(models, `${className}.d.ts`), 'utf8')
  const start = text.indexOf('export declare class')
  const own = [...text.slice(0, start).matchAll(/\/\*\*([\s\S]*?)\*\//g)].at(-1)?.[1] ?? ''
  const fields = new Map()
  for (const match of text
    .slice(start)
    .matchAll(/(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*)?^ {4}'([^']+)'(\??): /gm)) {
    fields.set(match[2], { description: cleanText(match[1] ?? ''), required: match[3] !== '?' })
  }
  return { description: cleanText(own), fields }
}

function typeSchema(type, format, owner, queue) {
  const list = /^(?:Array|Set)<(.*)>$/.exec(type)
  if (list) return { type: 'array', items: typeSchema(list[1], format, owner, queue) }
  const map = /^\{ \[key: string\]: (.*?);? ?\}$/.exec(type)
  if (map) return { type: 'object', additionalProperties: typeSchema(map[1], format, owner, queue) }
  switch (type) {
    case 'string':
      return format === 'byte' ? { type: 'string', format: 'byte' } : { type: 'string' }
    case 'number':
      return format.startsWith('int') ? { type: 'integer', format } : { type: 'number', format: 'double' }
    case 'boolean':
      return { type: 'boolean' }
    case 'Date':
      return { type: 'string', format: 'date-time' }
    case 'V1MicroTime':
      return { type: 'string', format: 'micro-time' }
    case 'IntOrString':
      return { 'x-kubernetes-int-or-string': true }
    case 'any':
    case 'object':
      return { 'x-kubernetes-preserve-unknown-fields': true }
  }
  if (!packages.has(type)) packages.set(type, owner)
  queue.push(type)
  return { $ref: `#/components/schemas/${definitionName(type)}` }
}

function withQuantity(name, schema) {
  if (!QUANTITIES.has(name)) return schema
  const reference = { $ref: `#/components/schemas/${QUANTITY}` }
  return schema.type === 'object' ? { type: 'object', additionalProperties: reference } : reference
}

async function define(className, queue) {
  const name = definitionName(className)
  if (definitions[name] !== undefined) return
  const { [className]: model } = await import(join(models, `${className}.js`))
  const docs = readDocs(className)
  const definition = { description: docs.description, type: 'object', properties: {} }
  definitions[name] = definition
  const required = []
  for (const field of model.getAttributeTypeMap()) {
    const doc = docs.fields.get(field.name)
    const path = `${shortName(className)}.${field.baseName}`
    const schema = withQuantity(path, typeSchema(field.type, field.format, packages.get(className), queue))
    definition.properties[field.baseName] = {
      ...(doc?.description ? { description: doc.description } : {}),
      ...schema,
      ...LIST_TYPES[path],
    }
    if (doc?.required) required.push(field.baseName)
  }
  if (required.length > 0) definition.required = required
  Object.assign(definition, LIST_TYPES[shortName(className)])
}

for (const [owner, gv, names] of ROOTS) {
  const queue = names.split(' ').filter((name) => name !== 'V1MicroTime')
  for (const name of queue) packages.set(name, owner)
  for (const name of [...queue]) {
    const pending = [name]
    while (pending.length > 0) await define(pending.shift(), pending)
    if (gv !== undefined && definitions[definitionName(name)].properties.kind !== undefined) {
      definitions[definitionName(name)]['x-kubernetes-group-version-kind'] = [
        { group: gv[0], kind: shortName(name), version: gv[1] },
      ]
    }
  }
}
definitions[QUANTITY] = {
  description:
    'Quantity is a fixed-point number written as an integer, a decimal or with a suffix such as Mi, k or m.',
  'x-kubernetes-int-or-string': true,
  format: 'quantity',
}
const sorted = Object.fromEntries(
  Object.entries(definitions).sort(([left], [right]) => (left < right ? -1 : 1)),
)
const lines = Object.entries(sorted).map(
  ([name, schema]) => `${JSON.stringify(name)}:${JSON.stringify(schema)}`,
)
writeFileSync(join(root, 'src/lab/api-server/generated/schemas.json'), `{\n${lines.join(',\n')}\n}\n`)
