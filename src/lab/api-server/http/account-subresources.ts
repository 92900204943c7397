/**
 * token of service accounts and finalize of namespaces.
 */

import { type ApiObject, keyOf, storageKey, timestamp } from '../api-object.ts'
import { ISSUER, type TokenIssuer } from '../authn/service-account-tokens.ts'
import { conflict, invalid, notFound } from '../errors.ts'
import { isObject, numberAt, objectAt, stringAt, stringsAt } from '../json/access.ts'
import { cloneJson } from '../json/compare.ts'
import { DEFAULT_TOKEN_SECONDS, MAX_TOKEN_SECONDS } from '../limits.ts'
import { invalidValue } from '../validation/field-error.ts'
import { resourceName, type Target } from '../verbs/deps.ts'
import { readObject } from '../verbs/read.ts'
import { isReleased } from '../verbs/update.ts'
import type { RequestContext } from './context.ts'
import { type ObjectHandlerDeps, requireBody } from './object-handlers.ts'
import { json, type Reply } from './reply.ts'

/** Shortest life of a token, seconds, as Kubernetes has it. */
const MIN_TOKEN_SECONDS = 600

/** A handler that issues tokens. */
export function tokenHandler(tokens: TokenIssuer) {
  return async (
    deps: ObjectHandlerDeps,
    target: Target,
    name: string,
    _verb: string,
    context: RequestContext,
  ): Promise<Reply> => {
    const account = readObject(deps, target, name)
    const { value } = await requireBody(context)
    const spec = objectAt(value, 'spec')
    const seconds = checkSeconds(numberAt(spec, 'expirationSeconds') ?? DEFAULT_TOKEN_SECONDS)
    const audiences = stringsAt(spec, 'audiences')
    const subject = {
      namespace: account.metadata.namespace ?? '',
      name,
      uid: account.metadata.uid ?? '',
      bound: boundPod(deps, account, objectAt(spec, 'boundObjectRef')),
    }
    const used = audiences.length === 0 ? [ISSUER] : audiences
    const now = deps.clock.now()
    const { uid: _uid, bound: _bound, ...where } = subject
    return json(201, {
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: { ...where, creationTimestamp: timestamp(now) },
      spec: { ...spec, audiences: used, expirationSeconds: seconds },
      status: {
        token: tokens.issue(subject, used, now, seconds),
        expirationTimestamp: timestamp(now + seconds * 1000),
      },
    })
  }
}

function checkSeconds(seconds: number): number {
  const refuse = (detail: string) =>
    invalid({ group: 'authentication.k8s.io', name: 'TokenRequest' }, '', [
      invalidValue('spec.expirationSeconds', seconds, detail),
    ])
  if (seconds < MIN_TOKEN_SECONDS) throw refuse('may not specify a duration less than 10 minutes')
  if (seconds > MAX_TOKEN_SECONDS) throw refuse('may not specify a duration larger than 2^32 seconds')
  return seconds
}

function boundPod(
  deps: ObjectHandlerDeps,
  account: ApiObject,
  reference: unknown,
): { kind: string; name: string; uid: string } | undefined {
  if (!isObject(reference) || reference['kind'] !== 'Pod') return undefined
  const name = stringAt(reference, 'name') ?? ''
  const pod = deps.store.bucket('/pods').get(storageKey(account.metadata.namespace, name))
  const uid = stringAt(reference, 'uid') ?? pod?.metadata.uid
  if (pod === undefined) throw notFound({ group: '', name: 'pods' }, name)
  if (uid !== pod.metadata.uid) {
    throw conflict(
      { group: '', name: 'pods' },
      name,
      `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    )
  }
  return { kind: 'Pod', name, uid: pod.metadata.uid ?? '' }
}

/** Replaces spec.finalizers of a namespace; one that nothing holds any longer is gone. */
export async function finalizeHandler(
  deps: ObjectHandlerDeps,
  target: Target,
  name: string,
  _verb: string,
  context: RequestContext,
): Promise<Reply> {
  const { value } = await requireBody(context)
  const current = readObject(deps, target, name)
  const version = stringAt(value, 'metadata', 'resourceVersion')
  if (version !== undefined && version !== current.metadata.resourceVersion)
    throw conflict(resourceName(target.served), name)
  const stored = setSpecFinalizers(deps, current, stringsAt(value, 'spec', 'finalizers'))
  return deps.presenter.object(target.served, stored, context, 200)
}

/** Stores a namespace with these spec.finalizers, or removes it. */
export function setSpecFinalizers(
  deps: Pick<ObjectHandlerDeps, 'store'>,
  current: ApiObject,
  finalizers: readonly string[],
): ApiObject {
  const next = cloneJson(current)
  next['spec'] = finalizers.length === 0 ? {} : { finalizers: [...finalizers] }
  return isReleased(next)
    ? deps.store.remove('/namespaces', keyOf(next), next)
    : deps.store.put('/namespaces', keyOf(next), next)
}
