/**
 * What a control message may look like, with every bound. The table against which all input from peers is checked.
 */
import {
  MAX_ADVERTISEMENTS_PER_MESSAGE,
  MAX_IMPORTERS,
  MAX_LINK_COST,
  MAX_LISTED_ROUTERS,
  MAX_NEIGHBOURS,
  MAX_PROOF,
  MAX_ROUND_TRIP_MS,
  MAX_ROUTER_NAME,
  MAX_SOURCE_SLOTS,
} from '../api/limits.ts'
import { SOURCE_PORTS } from '../api/names.ts'
import { ROUTER_ID } from '../api/router-advertisement.ts'
import type { Schema } from '../core/schema.ts'
import { MAX_SHOWN_CERTIFICATE, MAX_SHOWN_CHAIN, MAX_SIGNATURE } from '../pki/limits.ts'
import { signedStatementSchema } from '../pki/trust-statement.ts'
import {
  KEEP_ALIVE_MS,
  MAX_DELTA_CHANGES,
  MAX_DIGEST_ENTRIES,
  MAX_ENDPOINTS,
  MAX_MAP_ENTRIES,
  MAX_MISSING_NAMESPACES,
  MAX_PORTS,
  MAX_PROPERTIES,
  MAX_PROPERTY_VALUE,
  MAX_RECORDS_PER_ORIGIN,
  MAX_RENEWAL_REQUEST,
  MAX_RENEWED,
  MAX_RENEWED_CERTIFICATE,
  MAX_REQUIREMENT_VALUES,
  MAX_REQUIREMENTS,
  MAX_SELECTORS,
} from './limits.ts'

/** RFC 1123 label: cluster ids, namespaces, names of Services and their ports. */
const label = { type: 'string', maxLength: 63, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' }

/** Kubernetes qualified name: optional DNS prefix of 253, a slash, and 63 characters. */
const qualifiedName = {
  type: 'string',
  maxLength: 317,
  pattern: '^([a-z0-9][-a-z0-9.]*/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$',
}

const key = {
  type: 'string',
  maxLength: 127,
  pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?/[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
}

/** Epochs are times in milliseconds or more; 2^50 leaves room to add one for ever. */
const count = { type: 'integer', minimum: 0, maximum: 2 ** 50 }
const text = (maxLength: number) => ({ type: 'string', maxLength })
const map = (values: Schema) => ({
  type: 'object',
  maxProperties: MAX_MAP_ENTRIES,
  propertyNames: qualifiedName,
  additionalProperties: values,
})

/**
 * An object that its cluster has signed with all that is in it. What a later version put in stays there and nobody reads
 * it: without it the signature would not hold, here and where it is passed on to. The length and the depth of the message
 * bound it.
 */
function signed(properties: Schema, optional: Schema = {}): Schema {
  return {
    type: 'object',
    required: Object.keys(properties),
    properties: { ...properties, ...optional },
  }
}

function object(properties: Schema, optional: Schema = {}): Schema {
  return {
    type: 'object',
    additionalProperties: false,
    required: Object.keys(properties),
    properties: { ...properties, ...optional },
  }
}

const port = signed(
  {
    name: { type: 'string', maxLength: 63, pattern: '^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$' },
    protocol: { enum: ['TCP', 'UDP', 'SCTP'] },
    port: { type: 'integer', minimum: 1, maximum: 65_535 },
    readyEndpoints: { type: 'integer', minimum: 0, maximum: 1_000_000 },
  },
  { appProtocol: qualifiedName },
)

const OCTET = '(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
/** IPv4 in dotted decimal without leading zeros. */
const ipv4 = { type: 'string', maxLength: 15, pattern: `^(${OCTET}\\.){3}${OCTET}$` }

/** CIDR of IPv4. The pattern does not see bits behind the prefix: who reads it does. */
const globalBlock = {
  type: 'string',
  maxLength: 18,
  pattern: `^(${OCTET}\\.){3}${OCTET}/([1-9]|[12]\\d|3[0-2])$`,
}

const endpoint = signed(
  { id: label },
  {
    hostname: label,
    unready: { const: true },
    ports: {
      type: 'array',
      maxItems: MAX_PORTS,
      items: { type: 'integer', minimum: 0, maximum: MAX_PORTS - 1 },
    },
    globalIp: ipv4,
  },
)

/** RFC 1123 subdomain: names of ClusterProperties. */
const property = {
  type: 'string',
  maxLength: 253,
  pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
}
const properties = (maxProperties: number) => ({
  type: 'object',
  maxProperties,
  propertyNames: property,
  additionalProperties: text(MAX_PROPERTY_VALUE),
})

const requirement = signed(
  { key: property, operator: { enum: ['In', 'NotIn', 'Exists', 'DoesNotExist'] } },
  { values: { type: 'array', maxItems: MAX_REQUIREMENT_VALUES, items: text(MAX_PROPERTY_VALUE) } },
)

const selector = signed(
  {},
  {
    matchLabels: properties(MAX_REQUIREMENTS),
    matchExpressions: { type: 'array', maxItems: MAX_REQUIREMENTS, items: requirement },
  },
)

/** A service record (src/api/service-record.ts). */
export const recordSchema: Schema = signed(
  {
    namespace: label,
    name: label,
    exportedAt: {
      type: 'string',
      maxLength: 40,
      pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,9})?Z$',
    },
    type: { enum: ['ClusterSetIP', 'Headless'] },
    ports: { type: 'array', maxItems: MAX_PORTS, items: port },
    ipFamilies: { type: 'array', maxItems: 2, items: { enum: ['IPv4', 'IPv6'] } },
    sessionAffinity: { enum: ['None', 'ClientIP'] },
  },
  {
    sessionAffinityTimeoutSeconds: { type: 'integer', minimum: 1, maximum: 86_400 },
    internalTrafficPolicy: text(63),
    trafficDistribution: text(63),
    exportedLabels: map(text(63)),
    exportedAnnotations: map(text(16_384)),
    endpoints: { type: 'array', maxItems: MAX_ENDPOINTS, items: endpoint },
    clusterSelectors: { type: 'array', maxItems: MAX_SELECTORS, items: selector },
    globalIp: ipv4,
    importers: { type: 'array', maxItems: MAX_IMPORTERS, uniqueItems: true, items: label },
  },
)

const routerId = { type: 'string', pattern: ROUTER_ID.source }
const array = (items: Schema, maxItems: number) => ({ type: 'array', maxItems, items })
const pair = (...items: Schema[]) => ({
  type: 'array',
  items,
  minItems: items.length,
  additionalItems: false,
})

/** A neighbour in an advertisement (src/api/router-advertisement.ts). */
const neighbour = pair(
  routerId,
  { type: 'integer', minimum: 1, maximum: MAX_LINK_COST },
  { type: 'integer', minimum: 0, maximum: MAX_ROUND_TRIP_MS },
)

const advertisement = object(
  {
    router: routerId,
    name: { type: 'string', maxLength: MAX_ROUTER_NAME, pattern: '^[A-Za-z0-9][-A-Za-z0-9_.]*$' },
    cluster: label,
    sequence: count,
    draining: { type: 'boolean' },
    neighbours: array(neighbour, MAX_NEIGHBOURS),
  },
  { proof: text(MAX_PROOF) },
)

const advertisementChange = object(
  {
    router: routerId,
    age: count,
    from: count,
    to: count,
    draining: { type: 'boolean' },
    upserts: array(neighbour, MAX_NEIGHBOURS),
    removes: array(routerId, MAX_NEIGHBOURS),
  },
  { proof: text(MAX_PROOF) },
)

const sourcePort = { type: 'integer', minimum: SOURCE_PORTS.first, maximum: SOURCE_PORTS.last }

const version = { cluster: label, epoch: count, sequence: count }
const records = (maxItems: number) => ({ type: 'array', maxItems, items: recordSchema })

/** What a cluster tells of itself (src/api/service-record.ts). */
const facts = signed(
  {},
  {
    missingNamespaces: { type: 'array', maxItems: MAX_MISSING_NAMESPACES, uniqueItems: true, items: label },
    properties: properties(MAX_PROPERTIES),
    globalnet: signed({ block: globalBlock, claimedAt: { ...count, minimum: 1 } }),
    trust: signed({ version: count, root: { type: 'string', pattern: '^[0-9a-f]{64}$' } }),
    renewal: signed({ csr: text(MAX_RENEWAL_REQUEST) }),
    renewed: {
      type: 'array',
      maxItems: MAX_RENEWED,
      items: signed({ cluster: label, certificate: text(MAX_RENEWED_CERTIFICATE) }),
    },
    left: count,
  },
)

/** Who signed, and what came of it (src/api/service-record.ts). */
const signature = object({
  chain: { ...array({ type: 'string', maxLength: MAX_SHOWN_CERTIFICATE }, MAX_SHOWN_CHAIN), minItems: 1 },
  value: text(MAX_SIGNATURE),
})

const message = (type: string, properties: Schema, optional: Schema = {}): Schema =>
  object({ type: { const: type }, ...properties }, optional)

/** Every control message (messages.ts). */
export const messageSchema: Schema = {
  type: 'object',
  discriminator: { propertyName: 'type' },
  required: ['type'],
  oneOf: [
    message(
      'hello',
      {
        id: { type: 'string', minLength: 1, maxLength: 128 },
        cluster: label,
        role: { enum: ['router', 'controller', 'agent'] },
        version: text(64),
        protocol: object({
          min: { type: 'integer', minimum: 0, maximum: 65_535 },
          max: { type: 'integer', minimum: 0, maximum: 65_535 },
        }),
      },
      { keepAliveMs: { type: 'integer', minimum: KEEP_ALIVE_MS.min, maximum: KEEP_ALIVE_MS.max } },
    ),
    message('directory-digest', {
      last: { type: 'boolean' },
      origins: { type: 'array', maxItems: MAX_DIGEST_ENTRIES, items: object(version) },
    }),
    message(
      'directory-origin',
      {
        ...version,
        part: { type: 'integer', minimum: 0, maximum: MAX_RECORDS_PER_ORIGIN },
        last: { type: 'boolean' },
        records: records(MAX_RECORDS_PER_ORIGIN),
      },
      { facts, signature },
    ),
    message(
      'directory-delta',
      {
        cluster: label,
        epoch: count,
        from: count,
        to: count,
        upserts: records(MAX_DELTA_CHANGES),
        removes: { type: 'array', maxItems: MAX_DELTA_CHANGES, items: key },
      },
      { facts, signature },
    ),
    message('directory-request', { cluster: label }),
    message('reach', {
      last: { type: 'boolean' },
      clusters: { type: 'array', maxItems: MAX_DIGEST_ENTRIES, items: label },
    }),
    message('outdone', { epoch: count }),
    message('trust', signedStatementSchema['properties'] as Schema),
    message('sources', {
      version: count,
      upserts: array(pair(sourcePort, sourcePort, ipv4), MAX_SOURCE_SLOTS),
      removes: array(sourcePort, MAX_SOURCE_SLOTS),
    }),
    message('sources-applied', { version: count }),
    message('topology-digest', {
      part: count,
      last: { type: 'boolean' },
      routers: array(pair(routerId, count), MAX_LISTED_ROUTERS),
    }),
    message('topology', {
      advertisements: array(object({ age: count, advertisement }), MAX_ADVERTISEMENTS_PER_MESSAGE),
      changes: array(advertisementChange, MAX_ADVERTISEMENTS_PER_MESSAGE),
    }),
    message('topology-request', { routers: array(routerId, MAX_LISTED_ROUTERS) }),
    message('ping', { id: count }),
    message('pong', { id: count }),
    message('goodbye', { reason: text(500) }),
  ],
}
