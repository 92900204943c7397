/**
 * Kinds that are asked, not stored: who am I, may I, may they, what may I, whose token is this.
 */
import { type Authenticator, toUser } from '../authn/authenticator.ts'
import { ISSUER } from '../authn/service-account-tokens.ts'
import type { UserInfo } from '../authn/user.ts'
import type { Rbac } from '../authz/rbac.ts'
import type { Attributes, PolicyRule } from '../authz/rules.ts'
import { badRequest, methodNotAllowed } from '../errors.ts'
import { type JsonObject, objectAt, stringAt, stringsAt } from '../json/access.ts'
import { apiVersionOf, type ServedResource } from '../kinds/resource-definition.ts'
import { decodeBody } from '../verbs/decode-body.ts'
import type { Target } from '../verbs/deps.ts'
import type { RequestContext } from './context.ts'
import { requireBody, writeOptionsOf } from './object-handlers.ts'
import { json, type Reply } from './reply.ts'

export interface ReviewDeps {
  readonly rbac: Rbac
  readonly authenticator: Authenticator
}

type Answer = (deps: ReviewDeps, spec: JsonObject, user: UserInfo, target: Target) => object

const ANSWERS: Readonly<Record<string, Answer>> = {
  selfsubjectaccessreviews: (deps, spec, user) => accessStatus(deps.rbac, user, spec),
  subjectaccessreviews: (deps, spec) => accessStatus(deps.rbac, subjectOf(spec), spec),
  localsubjectaccessreviews: (deps, spec, _user, target) => {
    const attributes = { ...objectAt(spec, 'resourceAttributes'), namespace: target.namespace }
    return accessStatus(deps.rbac, subjectOf(spec), { ...spec, resourceAttributes: attributes })
  },
  selfsubjectrulesreviews: (deps, spec, user) =>
    rulesStatus(deps.rbac.rulesOf(user, stringAt(spec, 'namespace') ?? '')),
  selfsubjectreviews: (_deps, _spec, user) => ({ userInfo: userOf(user) }),
  tokenreviews: (deps, spec) => tokenStatus(deps.authenticator, spec),
}

/** The answer to a review, or undefined when the resource is no review. */
export function answerReview(
  deps: ReviewDeps,
  served: ServedResource,
  target: Target,
  context: RequestContext,
): Promise<Reply> | undefined {
  const { group, resource } = served.definition
  const answer =
    group === 'authorization.k8s.io' || group === 'authentication.k8s.io' ? ANSWERS[resource] : undefined
  return answer === undefined ? undefined : review(deps, answer, target, context)
}

async function review(
  deps: ReviewDeps,
  answer: Answer,
  target: Target,
  context: RequestContext,
): Promise<Reply> {
  if (context.info.verb !== 'create') throw methodNotAllowed()
  const draft = decodeBody(target.served, await requireBody(context), writeOptionsOf(context))
  const spec = objectAt(draft, 'spec') ?? {}
  return json(201, {
    kind: target.served.definition.kind,
    apiVersion: apiVersionOf(target.served),
    metadata: { creationTimestamp: null },
    ...(draft['spec'] === undefined ? {} : { spec }),
    status: answer(deps, spec, context.user, target),
  })
}

function subjectOf(spec: JsonObject): UserInfo {
  return {
    name: stringAt(spec, 'user') ?? '',
    uid: stringAt(spec, 'uid') ?? '',
    groups: stringsAt(spec, 'groups'),
    extra: {},
  }
}

function attributesIn(spec: JsonObject): Attributes {
  const resource = objectAt(spec, 'resourceAttributes')
  const path = objectAt(spec, 'nonResourceAttributes')
  if (resource !== undefined) {
    const field = (name: string) => stringAt(resource, name) ?? ''
    return {
      verb: field('verb'),
      group: field('group'),
      resource: field('resource'),
      subresource: field('subresource'),
      name: field('name'),
      namespace: field('namespace'),
    }
  }
  if (path === undefined)
    throw badRequest('exactly one of nonResourceAttributes or resourceAttributes must be specified')
  return { verb: stringAt(path, 'verb') ?? '', path: stringAt(path, 'path') ?? '' }
}

function accessStatus(rbac: Rbac, user: UserInfo, spec: JsonObject): object {
  const { allowed, reason } = rbac.authorize(user, attributesIn(spec))
  return { allowed, ...(reason === '' ? {} : { reason }) }
}

function rulesStatus(rules: readonly PolicyRule[]): object {
  const ofResources = rules.filter(({ nonResourceURLs }) => nonResourceURLs.length === 0)
  const ofPaths = rules.filter(({ nonResourceURLs }) => nonResourceURLs.length > 0)
  return {
    resourceRules: ofResources.map(({ verbs, apiGroups, resources, resourceNames }) => ({
      verbs,
      apiGroups,
      resources,
      ...(resourceNames.length === 0 ? {} : { resourceNames }),
    })),
    nonResourceRules: ofPaths.map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
    incomplete: false,
  }
}

function userOf(user: UserInfo): object {
  return {
    username: user.name,
    ...(user.uid === '' ? {} : { uid: user.uid }),
    groups: user.groups,
    extra: user.extra,
  }
}

function tokenStatus(authenticator: Authenticator, spec: JsonObject): object {
  const audiences = stringsAt(spec, 'audiences')
  const wanted = audiences.length === 0 ? [ISSUER] : audiences
  const claims = authenticator.verifyToken(stringAt(spec, 'token') ?? '', wanted)
  if (claims === undefined) return { authenticated: false, error: 'invalid bearer token' }
  const user = toUser(claims)
  return {
    authenticated: true,
    user: userOf(user),
    audiences: claims.audiences.filter((audience) => wanted.includes(audience)),
  }
}
