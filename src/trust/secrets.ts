/**
 * Secrets that hold our keys: read by name, created, and updated on exactly the version that was looked at.
 */
import { MANAGED_BY, MANAGED_LABEL } from '../api/names.ts'
import type { ObjectMeta } from '../api/objects.ts'
import { Resource } from '../api/resources.ts'
import { ROTATION_ANNOTATION } from '../api/trust.ts'
import type { KubeClient } from '../kube/types.ts'
import { TrustError } from './errors.ts'
import { MAX_SECRET_VALUE } from './limits.ts'

/** A Kubernetes Secret; values are base64. */
export interface SecretObject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: ObjectMeta
  readonly type?: string
  readonly data?: Readonly<Record<string, string>>
}

/** What a Secret is to hold, as text by key; undefined removes a key. Keys that are not named stay. */
export type SecretValues = Readonly<Record<string, string | undefined>>

export type SecretClient = Pick<KubeClient, 'get' | 'create' | 'update'>

export interface SecretRef {
  readonly namespace: string
  readonly name: string
}

/** Certificate and key, with more beside them. */
const TLS_TYPE = 'kubernetes.io/tls'

/** The text of a key; undefined when the Secret has none. Throws TrustError when it is absurdly long. */
export function secretText({ metadata, data }: SecretObject, key: string): string | undefined {
  const encoded = data?.[key]
  if (encoded === undefined || encoded === '') return undefined
  if (encoded.length > 2 * MAX_SECRET_VALUE)
    throw new TrustError(`Secret ${metadata.name}, key ${key}: longer than ${MAX_SECRET_VALUE} bytes`)
  return Buffer.from(encoded, 'base64').toString('utf8')
}

/** The text of a key. Throws TrustError when there is none. */
export function requireText(secret: SecretObject, key: string): string {
  const text = secretText(secret, key)
  if (text === undefined) throw new TrustError(`Secret ${secret.metadata.name} has no key ${key}`)
  return text
}

/** The counter of Trust.spec.rotate that a Secret was made for. */
export function rotationOf({ metadata }: SecretObject): number {
  const count = Number(metadata.annotations?.[ROTATION_ANNOTATION] ?? 0)
  return Number.isSafeInteger(count) ? count : 0
}

/** Annotations, by name; what is not named stays. */
export type SecretMarks = Readonly<Record<string, string>>

/** That a Secret was made for this counter. */
export function rotationMark(count: number): SecretMarks {
  return { [ROTATION_ANNOTATION]: String(count) }
}

/** Whether we made it, rather than a user or another program. */
export function isOurs({ metadata }: SecretObject): boolean {
  return metadata.labels?.[MANAGED_LABEL] === MANAGED_BY
}

/** A Secret that is not there yet. */
export function newSecret(ref: SecretRef, values: SecretValues, marks: SecretMarks = {}): SecretObject {
  const labels = { 'app.kubernetes.io/part-of': 'fairlead', [MANAGED_LABEL]: MANAGED_BY }
  const empty = { apiVersion: 'v1', kind: 'Secret', metadata: { ...ref, labels }, type: TLS_TYPE }
  return withValues(empty, values, marks)
}

/** The Secret with other values. */
export function withValues(
  secret: SecretObject,
  values: SecretValues,
  marks: SecretMarks = {},
): SecretObject {
  const data = { ...secret.data }
  for (const [key, text] of Object.entries(values)) {
    if (text === undefined) delete data[key]
    else data[key] = Buffer.from(text).toString('base64')
  }
  const annotations = { ...secret.metadata.annotations, ...marks }
  return { ...secret, metadata: { ...secret.metadata, annotations }, data }
}

/**
 * Creates the Secret, or updates the version of it that `present` is. Answers with what the API server has. A conflict is
 * thrown: whoever wrote meanwhile knew something that has to be looked at first.
 */
export async function writeSecret(
  client: SecretClient,
  ref: SecretRef,
  present: SecretObject | undefined,
  values: SecretValues,
  marks: SecretMarks = {},
): Promise<SecretObject> {
  if (present === undefined) return await client.create(Resource.secret, newSecret(ref, values, marks))
  return await client.update(Resource.secret, withValues(present, values, marks))
}

/** Reads a Secret by its name. */
export function readSecret(
  client: Pick<KubeClient, 'get'>,
  ref: SecretRef,
): Promise<SecretObject | undefined> {
  return client.get<SecretObject>(Resource.secret, ref)
}
