/**
 * What is said on the redemption port: one request and its answer as JSON, both checked before they are used.
 */
import type { LinkEndpoint } from '../../api/link.ts'
import { compileSchema, type Schema, type SchemaCheck } from '../../core/schema.ts'
import { MAX_CERTIFICATE, MAX_REQUEST, MAX_ROOTS } from '../../pki/limits.ts'
import { type SignedStatement, signedStatementSchema } from '../../pki/trust-statement.ts'
import { CODE_PATTERN } from './invite-code.ts'
import { MAX_ENDPOINTS } from './limits.ts'

/** The only path there is. */
export const REDEMPTION_PATH = '/v1/join'

export interface RedemptionRequest {
  readonly code: string
  /** Certificate request in PEM: which cluster asks, and for which key. */
  readonly request: string
}

/** What a new member gets. */
export interface RedemptionAnswer {
  /** Its authority's certificate, PEM. */
  readonly certificate: string
  /** Trusted roots, PEM; the one that signed first. */
  readonly roots: readonly string[]
  readonly statement?: SignedStatement
  /** Id of the cluster that let it in. */
  readonly founder: string
  /** Where that cluster is dialled. None where it cannot be. */
  readonly endpoints: readonly LinkEndpoint[]
  readonly cost?: number
}

/** Why somebody who knows the code is not let in all the same. Also reasons of conditions and a metric label: a short closed set. */
export const Refusal = {
  expired: 'Expired',
  usedUp: 'UsedUp',
  otherCluster: 'OtherCluster',
  otherClusterset: 'OtherClusterset',
  taken: 'ClusterIdTaken',
  full: 'Full',
  revoked: 'Revoked',
  badRequest: 'BadRequest',
} as const
export type Refusal = (typeof Refusal)[keyof typeof Refusal]

export interface RefusalAnswer {
  readonly reason: Refusal
  readonly message: string
}

const requestSchema: Schema = {
  type: 'object',
  additionalProperties: false,
  required: ['code', 'request'],
  properties: {
    code: { type: 'string', pattern: CODE_PATTERN },
    request: { type: 'string', maxLength: MAX_REQUEST },
  },
}

const endpointSchema: Schema = {
  type: 'object',
  additionalProperties: false,
  required: ['host', 'port'],
  properties: {
    host: { type: 'string', pattern: '^[0-9A-Za-z:._-]{1,253}$' },
    port: { type: 'integer', minimum: 1, maximum: 65_535 },
    transport: { enum: ['tls', 'wss'] },
  },
}

const answerSchema: Schema = {
  type: 'object',
  additionalProperties: false,
  required: ['certificate', 'roots', 'founder', 'endpoints'],
  properties: {
    certificate: { type: 'string', maxLength: MAX_CERTIFICATE },
    roots: {
      type: 'array',
      minItems: 1,
      maxItems: MAX_ROOTS,
      items: { type: 'string', maxLength: MAX_CERTIFICATE },
    },
    statement: signedStatementSchema,
    founder: { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$' },
    endpoints: { type: 'array', maxItems: MAX_ENDPOINTS, items: endpointSchema },
    cost: { type: 'integer', minimum: 1, maximum: 1_000_000 },
  },
}

const refusalSchema: Schema = {
  type: 'object',
  additionalProperties: false,
  required: ['reason', 'message'],
  properties: {
    reason: { enum: Object.values(Refusal) },
    message: { type: 'string', maxLength: 1_024 },
  },
}

/** Reads what comes over the wire; compiles its schemas once. Undefined stands for anything that is not in form. */
export class RedemptionReader {
  readonly #request = compileSchema<RedemptionRequest>(requestSchema)
  readonly #answer = compileSchema<RedemptionAnswer>(answerSchema)
  readonly #refusal = compileSchema<RefusalAnswer>(refusalSchema)

  request(bytes: Buffer): RedemptionRequest | undefined {
    return read(bytes, this.#request)
  }

  answer(bytes: Buffer): RedemptionAnswer | undefined {
    return read(bytes, this.#answer)
  }

  refusal(bytes: Buffer): RefusalAnswer | undefined {
    return read(bytes, this.#refusal)
  }
}

function read<T>(bytes: Buffer, check: SchemaCheck<T>): T | undefined {
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
  const checked = check(value)
  return checked.ok ? checked.value : undefined
}

/** What comes of a request. */
export type RedemptionOutcome =
  /** Nobody here made that code. */
  | { readonly kind: 'unknown' }
  | ({ readonly kind: 'refused' } & RefusalAnswer)
  /** `again`: it was let in before, and its answer was lost. */
  | { readonly kind: 'redeemed'; readonly again: boolean; readonly answer: RedemptionAnswer }
