/**
 * Whom a clusterset trusts, as its root says it: the roots, and the clusters that were revoked. Anybody may carry it.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { compileSchema, type Schema, type SchemaCheck } from '../core/schema.ts'
import type { KeyPair } from './certificates.ts'
import { certificateSha256, readCertificates, type TrustAnchors } from './chain.ts'
import { SignatureError } from './errors.ts'
import { isClusterId } from './identity.ts'
import { MAX_CERTIFICATE, MAX_REVOKED, MAX_ROOTS, MAX_STATEMENT } from './limits.ts'
import { SigningContext, signatureHolds, signBytes } from './signatures.ts'

/** A cluster whose certificates from before a moment are void. */
export interface Revocation {
  readonly cluster: string
  /** Milliseconds since 1970. A certificate that is valid from then or earlier is void. */
  readonly at: number
  /** It was invited again since, and is a member by the certificates it has from then. */
  readonly readmitted?: boolean
}

export interface TrustStatement {
  readonly clusterset: string
  /** Grows with each statement; the highest counts. */
  readonly version: number
  /** PEM. The first one signs authorities; others are trusted beside it. */
  readonly roots: readonly string[]
  /** Each cluster once, sorted by cluster. */
  readonly revoked: readonly Revocation[]
}

/** As it travels and is stored. */
export interface SignedStatement {
  /** JSON of a TrustStatement: the very text that was signed. */
  readonly statement: string
  readonly signatures: readonly { readonly root: string; readonly value: string }[]
}

const signedSchema: Schema = {
  type: 'object',
  additionalProperties: false,
  required: ['statement', 'signatures'],
  properties: {
    statement: { type: 'string', maxLength: MAX_STATEMENT },
    signatures: {
      type: 'array',
      minItems: 1,
      maxItems: MAX_ROOTS,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['root', 'value'],
        properties: {
          root: { type: 'string', pattern: '^[0-9a-f]{64}$' },
          value: { type: 'string', maxLength: 128 },
        },
      },
    },
  },
}

const count = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const

const statementSchema: Schema = {
  type: 'object',
  additionalProperties: false,
  required: ['clusterset', 'version', 'roots', 'revoked'],
  properties: {
    clusterset: { type: 'string', maxLength: 255 },
    version: { ...count, minimum: 1 },
    roots: {
      type: 'array',
      minItems: 1,
      maxItems: MAX_ROOTS,
      items: { type: 'string', maxLength: MAX_CERTIFICATE },
    },
    revoked: {
      type: 'array',
      maxItems: MAX_REVOKED,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['cluster', 'at'],
        properties: {
          cluster: { type: 'string', maxLength: 63 },
          at: count,
          readmitted: { type: 'boolean' },
        },
      },
    },
  },
}

/** Schema of a SignedStatement, for messages that carry one. */
export { signedSchema as signedStatementSchema }

/** Signs with each of the roots given: the old one and the new one while they change. */
export function signStatement(statement: TrustStatement, roots: readonly KeyPair[]): SignedStatement {
  const text = JSON.stringify(statement)
  return {
    statement: text,
    signatures: roots.map(({ certPem, keyPem }) => ({
      root: certificateSha256(new X509Certificate(certPem)),
      value: signBytes(createPrivateKey(keyPem), SigningContext.trust, Buffer.from(text)),
    })),
  }
}

/** Reads statements; compiles its schemas once. */
export class StatementReader {
  readonly #checkSigned: SchemaCheck<SignedStatement> = compileSchema(signedSchema)
  readonly #checkStatement: SchemaCheck<TrustStatement> = compileSchema(statementSchema)

  /** What it says, if a root that is trusted already signed it. Throws SignatureError when not. */
  read(signed: SignedStatement, trusted: Pick<TrustAnchors, 'clusterset' | 'roots'>): TrustStatement {
    const text = Buffer.from(signed.statement)
    if (!signed.signatures.some(({ root, value }) => isSigned(text, root, value, trusted.roots)))
      throw new SignatureError('no root that is trusted signed the trust statement')
    const statement = this.#parse(signed.statement)
    if (statement.clusterset !== trusted.clusterset)
      throw new SignatureError(`the trust statement is of clusterset ${statement.clusterset}`)
    return statement
  }

  /** The roots it names, whoever signed it. Throws SignatureError when it cannot be read. */
  rootsOf({ statement }: SignedStatement): X509Certificate[] {
    return this.#parse(statement).roots.flatMap(readCertificates)
  }

  /** A statement as it is stored. Throws SignatureError when the text is none. */
  decode(text: string): SignedStatement {
    const checked = this.#checkSigned(parseJson(text))
    if (checked.ok) return checked.value
    throw new SignatureError(`the trust statement cannot be read: ${checked.reason}`)
  }

  #parse(text: string): TrustStatement {
    const checked = this.#checkStatement(parseJson(text))
    if (!checked.ok) throw new SignatureError(`the trust statement cannot be read: ${checked.reason}`)
    const { roots, revoked } = checked.value
    if (!revoked.every(({ cluster }) => isClusterId(cluster)))
      throw new SignatureError('the trust statement revokes what is no cluster')
    for (const root of roots) requireRoot(root)
    return checked.value
  }
}

/** When a cluster was revoked, milliseconds since 1970; undefined when it was not. */
export function revocationTime(
  revoked: readonly Revocation[] | undefined,
  cluster: string,
): number | undefined {
  return revoked?.find((revocation) => revocation.cluster === cluster)?.at
}

/** The last moment that can be written as a date, milliseconds since 1970 (ECMA-262 section 21.4.1.1). */
const END_OF_TIME = 8.64e15

/** Which cluster was revoked, when, and by what, for people. */
export function revocationText(
  statement: Pick<TrustStatement, 'version' | 'revoked'> | undefined,
  cluster: string,
): string {
  const at = revocationTime(statement?.revoked, cluster)
  if (statement === undefined || at === undefined) return `cluster ${cluster} was revoked`
  const when = new Date(Math.min(at, END_OF_TIME)).toISOString().replace(/\.\d+Z$/, 'Z')
  return `cluster ${cluster} was revoked at ${when} by trust statement ${statement.version}`
}

/** What follows from a statement for whoever checks chains. */
export function anchorsOf({ clusterset, roots, revoked }: TrustStatement): TrustAnchors {
  const times = new Map(revoked.map(({ cluster, at }) => [cluster, at]))
  return {
    clusterset,
    roots: roots.flatMap(readCertificates),
    revokedAt: (cluster) => times.get(cluster),
  }
}

function isSigned(text: Buffer, hash: string, value: string, roots: readonly X509Certificate[]): boolean {
  const root = roots.find((candidate) => certificateSha256(candidate) === hash)
  return root !== undefined && signatureHolds(root, SigningContext.trust, text, value)
}

function requireRoot(pem: string): void {
  const certificates = readCertificates(pem)
  if (certificates.length !== 1 || certificates[0]?.ca !== true)
    throw new SignatureError('the trust statement names a root that is no authority')
}

function parseJson(text: string): unknown {
  if (text.length > 2 * MAX_STATEMENT) throw new SignatureError('the trust statement is too long')
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new SignatureError('the trust statement is not JSON', { cause })
  }
}
