/**
 * The Kubernetes objects in a site's files: which kinds there are, and what is wrong with one. Pure. There is no API
 * server to have checked them: their shape is checked here.
 */
import type { LinkResource } from '../../api/link.ts'
import type { ServiceExport, ServiceImport } from '../../api/mcs.ts'
import { FAIRLEAD_GROUP, MCS_GROUP } from '../../api/names.ts'
import type { EndpointSlice, KubeObject, Service } from '../../api/objects.ts'
import type { ServicePolicy } from '../../api/service-policy.ts'
import type { TrafficPolicy } from '../../api/traffic-policy.ts'
import { FairleadError } from '../../core/errors.ts'
import { compileSchema, type Schema, type SchemaCheck } from '../../core/schema.ts'
import { linkProblem } from '../link-reader.ts'
import { readTrafficPolicy } from '../traffic-policy-reader.ts'
import { SITE_MAX_OBJECTS } from './limits.ts'

/** A file or an object in it cannot be used: the message is for whoever wrote it. */
export class SiteFileError extends FairleadError {
  override readonly name = 'SiteFileError'

  constructor(message: string, options: ErrorOptions = {}) {
    super('site-file', message, options)
  }
}

export type SiteObject =
  | { readonly kind: 'Service'; readonly object: Service }
  | { readonly kind: 'EndpointSlice'; readonly object: EndpointSlice }
  | { readonly kind: 'ServiceExport'; readonly object: ServiceExport }
  | { readonly kind: 'ServiceImport'; readonly object: ServiceImport }
  | { readonly kind: 'Link'; readonly object: LinkResource }
  | { readonly kind: 'TrafficPolicy'; readonly object: TrafficPolicy }
  | { readonly kind: 'ServicePolicy'; readonly object: ServicePolicy }

type Kind = SiteObject['kind']

const LABEL = { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$' }
const TEXTS = { type: 'object', additionalProperties: { type: 'string' } }
const PORT_NUMBER = { type: 'integer', minimum: 1, maximum: 65_535 }
const PORT = {
  type: 'object',
  required: ['port'],
  properties: {
    name: { type: 'string', maxLength: 63 },
    protocol: { enum: ['TCP', 'UDP', 'SCTP'] },
    port: PORT_NUMBER,
    targetPort: { type: ['integer', 'string'] },
    appProtocol: { type: 'string' },
  },
}
const AFFINITY = {
  sessionAffinity: { enum: ['None', 'ClientIP'] },
  sessionAffinityConfig: {
    type: 'object',
    properties: {
      clientIP: {
        type: 'object',
        properties: { timeoutSeconds: { type: 'integer', minimum: 1, maximum: 86_400 } },
      },
    },
  },
}

function objectSchema(properties: Schema, required: readonly string[]): Schema {
  const metadata = {
    type: 'object',
    required: ['name'],
    properties: {
      name: LABEL,
      namespace: LABEL,
      labels: TEXTS,
      annotations: TEXTS,
      creationTimestamp: { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z$' },
    },
  }
  return { type: 'object', required: ['metadata', ...required], properties: { metadata, ...properties } }
}

const SERVICE = objectSchema(
  {
    spec: {
      type: 'object',
      required: ['ports'],
      properties: {
        // There are no pods to select.
        selector: false,
        clusterIP: { enum: ['None'] },
        ports: { type: 'array', minItems: 1, items: PORT },
        ...AFFINITY,
      },
    },
  },
  ['spec'],
)

const ENDPOINT_SLICE = objectSchema(
  {
    addressType: { enum: ['IPv4', 'IPv6'] },
    endpoints: {
      type: 'array',
      items: {
        type: 'object',
        required: ['addresses'],
        properties: {
          addresses: { type: 'array', minItems: 1, maxItems: 100, items: { type: 'string' } },
          conditions: { type: 'object', additionalProperties: { type: 'boolean' } },
        },
      },
    },
    ports: { type: 'array', items: { ...PORT, required: [] } },
  },
  ['addressType', 'endpoints'],
)

const SERVICE_EXPORT = objectSchema(
  {
    spec: {
      type: 'object',
      properties: { exportedLabels: TEXTS, exportedAnnotations: TEXTS },
    },
  },
  [],
)

const SERVICE_IMPORT = objectSchema(
  {
    spec: {
      type: 'object',
      required: ['ports'],
      properties: {
        type: { enum: ['ClusterSetIP'] },
        ports: { type: 'array', minItems: 1, maxItems: 512, items: PORT },
        ...AFFINITY,
      },
    },
  },
  ['spec'],
)

/** What their spec says is read, and refused, by those who read it for Kubernetes too. */
const ANY_SPEC = objectSchema({ spec: { type: 'object' } }, ['spec'])

const DISCOVERY = 'discovery.k8s.io'
const KINDS: Readonly<Record<Kind, { readonly group: string; readonly schema: Schema }>> = {
  Service: { group: '', schema: SERVICE },
  EndpointSlice: { group: DISCOVERY, schema: ENDPOINT_SLICE },
  ServiceExport: { group: MCS_GROUP, schema: SERVICE_EXPORT },
  ServiceImport: { group: MCS_GROUP, schema: SERVICE_IMPORT },
  Link: { group: FAIRLEAD_GROUP, schema: ANY_SPEC },
  TrafficPolicy: { group: FAIRLEAD_GROUP, schema: ANY_SPEC },
  // One without a spec lets nobody, as one that cannot be used.
  ServicePolicy: { group: FAIRLEAD_GROUP, schema: objectSchema({}, []) },
}

/** Reads the documents of files. Compiles its schemas once. */
export class SiteObjectReader {
  readonly #checks: ReadonlyMap<string, SchemaCheck<KubeObject>>

  constructor() {
    this.#checks = new Map(
      Object.entries(KINDS).map(([kind, { schema }]) => [kind, compileSchema<KubeObject>(schema)]),
    )
  }

  /**
   * The objects of one file's documents; empty documents are passed over, Lists opened. `writtenAt` (RFC 3339) is the age
   * of those that do not say their own. Throws SiteFileError that says which document is wrong, and where.
   */
  read(documents: readonly unknown[], writtenAt: string): SiteObject[] {
    const values = documents
      .filter((document) => document !== null && document !== undefined)
      .flatMap(itemsOf)
    if (values.length > SITE_MAX_OBJECTS)
      throw new SiteFileError(`${values.length} objects are more than ${SITE_MAX_OBJECTS}`)
    return values.map((value, index) => this.#object(value, index + 1, writtenAt))
  }

  #object(value: unknown, number: number, writtenAt: string): SiteObject {
    const kind = kindOf(value)
    const check = kind === undefined ? undefined : this.#checks.get(kind)
    if (kind === undefined || check === undefined) throw unknownKind(value, number)
    const checked = check(value)
    if (!checked.ok) throw new SiteFileError(`object ${number}, ${kind}: ${checked.reason}`)
    const object = completed(checked.value, writtenAt)
    const site = { kind, object } as SiteObject
    const problem = problemOf(site)
    if (problem === undefined) return site
    throw new SiteFileError(`object ${number}, ${kind} ${object.metadata.name}: ${problem}`)
  }
}

function itemsOf(document: unknown): readonly unknown[] {
  if (typeof document !== 'object' || document === null || !('kind' in document)) return [document]
  return document.kind === 'List' && 'items' in document && Array.isArray(document.items)
    ? document.items
    : [document]
}

/** By kind and group: any version, as they differ in nothing that is read. */
function kindOf(value: unknown): Kind | undefined {
  if (typeof value !== 'object' || value === null || !('kind' in value) || !('apiVersion' in value))
    return undefined
  const { kind, apiVersion } = value
  const group = typeof apiVersion === 'string' && apiVersion.includes('/') ? apiVersion.split('/')[0] : ''
  const found = Object.keys(KINDS).find((name) => name === kind) as Kind | undefined
  return found !== undefined && KINDS[found].group === group ? found : undefined
}

function unknownKind(value: unknown, number: number): SiteFileError {
  const { kind = 'no kind', apiVersion = 'no apiVersion' } = (
    typeof value === 'object' && value !== null ? value : {}
  ) as Record<string, unknown>
  return new SiteFileError(
    `object ${number}: ${String(apiVersion).slice(0, 100)} ${String(kind).slice(0, 100)} is nothing a site reads; it reads ${Object.keys(KINDS).join(', ')}`,
  )
}

function completed(object: KubeObject, writtenAt: string): KubeObject {
  const metadata = { namespace: 'default', creationTimestamp: writtenAt, ...object.metadata }
  return { ...object, metadata }
}

/** Not of a ServicePolicy: one that is left out would leave its exports open. */
function problemOf(site: SiteObject): string | undefined {
  if (site.kind === 'Link') return linkProblem(site.object)
  if (site.kind !== 'TrafficPolicy') return undefined
  try {
    readTrafficPolicy(site.object)
    return undefined
  } catch (error) {
    if (error instanceof FairleadError) return error.message
    throw error
  }
}
