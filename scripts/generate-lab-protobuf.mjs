// Writes src/lab/api-server/generated/protobuf.json: field numbers of the kinds that Go clients send as protobuf.
// They are read from the Go types of k8s.io/api and k8s.io/apimachinery, for example after
//   go mod download k8s.io/api@v0.32.4 k8s.io/apimachinery@v0.32.4
// node scripts/generate-lab-protobuf.mjs "$(go env GOMODCACHE)/k8s.io/api@v0.32.4" "$(go env GOMODCACHE)/k8s.io/apimachinery@v0.32.4"
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const [api, machinery] = process.argv.slice(2)
if (machinery === undefined) throw new Error('give the folders of k8s.io/api and k8s.io/apimachinery')
const root = dirname(dirname(fileURLToPath(import.meta.url)))

// Short package name, folder, kinds to start from.
const PACKAGES = [
  [
    'core',
    join(api, 'core/v1'),
    'Namespace Node Pod Service ConfigMap Secret ServiceAccount Event Endpoints',
  ],
  ['apps', join(api, 'apps/v1'), 'Deployment ReplicaSet StatefulSet DaemonSet'],
  ['autoscaling', join(api, 'autoscaling/v1'), 'Scale'],
  ['batch', join(api, 'batch/v1'), 'Job'],
  ['discovery', join(api, 'discovery/v1'), 'EndpointSlice'],
  ['coordination', join(api, 'coordination/v1'), 'Lease'],
  ['events', join(api, 'events/v1'), 'Event'],
  ['policy', join(api, 'policy/v1'), 'PodDisruptionBudget Eviction'],
  ['networking', join(api, 'networking/v1'), 'NetworkPolicy'],
  ['rbac', join(api, 'rbac/v1'), 'Role ClusterRole RoleBinding ClusterRoleBinding'],
  [
    'authorization',
    join(api, 'authorization/v1'),
    'SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview LocalSubjectAccessReview',
  ],
  ['authentication', join(api, 'authentication/v1'), 'TokenRequest TokenReview SelfSubjectReview'],
  ['meta', join(machinery, 'pkg/apis/meta/v1'), 'DeleteOptions'],
]
const IMPORTS = {
  v1: 'core',
  corev1: 'core',
  metav1: 'meta',
  resource: 'resource',
  intstr: 'intstr',
  runtime: 'runtime',
  types: 'types',
}
const SCALARS = new Set(['string', 'bool', 'int32', 'int64', 'byte', 'float64'])

const structs = new Map()
const aliases = new Map([
  ['types.UID', 'string'],
  ['types.NodeName', 'string'],
  ['types.NamespacedName', 'string'],
])

for (const [name, folder] of PACKAGES) {
  for (const file of readdirSync(folder).filter(
    (entry) => entry.endsWith('types.go') || entry === 'time.go',
  )) {
    readTypes(name, readFileSync(join(folder, file), 'utf8'))
  }
}

function readTypes(pkg, text) {
  for (const [, name, target] of text.matchAll(/^type (\w+) ((?:\[\]|map\[\w+\])?[\w.]+)$/gm)) {
    if (target !== 'struct')
      aliases.set(
        `${pkg}.${name}`,
        target.replace(/\w+(\.\w+)?$/, (type) => qualify(pkg, type)),
      )
  }
  for (const [, name, body] of text.matchAll(/^type (\w+) struct \{\n([\s\S]*?)^\}/gm))
    structs.set(`${pkg}.${name}`, readFields(pkg, body))
}

function readFields(pkg, body) {
  const fields = {}
  for (const [, type, tags] of body.matchAll(
    /^\t(?:\w+\s+)?(\*?(?:\[\]|map\[[\w.]+\])*\*?[\w.]+)\s+`([^`]*)`/gm,
  )) {
    const [json = '', ...options] = (/json:"([^"]*)"/.exec(tags)?.[1] ?? '').split(',')
    const number = /protobuf:"[a-z]+,(\d+),/.exec(tags)?.[1]
    if (number === undefined) continue
    const keep = json !== '' && !options.includes('omitempty')
    const qualified = type.replace(/[\w.]+$/, (name) => qualify(pkg, name)).replace(/map\[[\w.]+\]/, 'map ')
    fields[number] = `${json}${keep ? '!' : ''} ${qualified}`
  }
  return fields
}

function qualify(pkg, name) {
  if (SCALARS.has(name)) return name
  const [first, second] = name.split('.')
  return second === undefined ? `${pkg}.${first}` : `${IMPORTS[first] ?? first}.${second}`
}

// Named scalars, lists and maps become what they are; structs stay names.
function resolveType(type) {
  const [, prefix, name] = /^(\*?(?:\[\]|map )*\*?)([\w.]+)$/.exec(type) ?? []
  const alias = aliases.get(name)
  if (alias === undefined || name === 'authorization.ExtraValue' || name === 'authentication.ExtraValue')
    return type
  return resolveType(`${prefix}${alias.replace(/^map\[\w+\]/, 'map ')}`)
}

const result = {}
function visit(name) {
  if (result[name] !== undefined || !structs.has(name)) return
  const fields = Object.entries(structs.get(name)).map(([number, text]) => {
    const [json, ...type] = text.split(' ')
    return [number, `${json} ${resolveType(type.join(' '))}`]
  })
  result[name] = Object.fromEntries(fields)
  for (const [, text] of fields) visit(/[\w.]+$/.exec(text)[0])
}
for (const [pkg, , kinds] of PACKAGES) for (const kind of kinds.split(' ')) visit(`${pkg}.${kind}`)

const lines = Object.keys(result)
  .sort()
  .map((name) => `${JSON.stringify(name)}:${JSON.stringify(result[name])}`)
writeFileSync(join(root, 'src/lab/api-server/generated/protobuf.json'), `{\n${lines.join(',\n')}\n}\n`)
