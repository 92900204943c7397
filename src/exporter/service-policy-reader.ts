/**
 * What one ServicePolicy says: its targets, who may call them, and how much. One that cannot be used lets nobody: it
 * must not leave open what its author wanted closed. Pure.
 */
import { type AccessLimits, type AccessPolicy, type AccessRule, ANY_CLUSTER } from '../api/access-policy.ts'
import { type ServiceKey, serviceKey } from '../api/names.ts'
import type { ServicePolicy } from '../api/service-policy.ts'
import { describeError } from '../core/errors.ts'
import { ACCESS_BOUNDS, ACCESS_MAX_ENTRIES, ACCESS_MAX_RULES } from './limits.ts'
import { LABEL, type ReadTarget, readTargets } from './policy-targets.ts'
import {
  type Fields,
  fault,
  field,
  InvalidSpecError,
  list,
  object,
  type Read,
  text,
  wholeNumber,
} from './spec-fields.ts'

/** A policy as it holds, be it usable or not. */
export interface ReadAccess {
  /** Of one whose targets cannot be read: every export of its namespace. */
  readonly targets: readonly ReadTarget[]
  readonly access: AccessPolicy
  /** Why it cannot be used, for its author. */
  readonly invalid?: string
}

const EVERY_EXPORT: readonly ReadTarget[] = [{ kind: 'labels', labels: new Map() }]

/** Never throws. */
export function readServicePolicy({ metadata, spec }: ServicePolicy): ReadAccess {
  const policy = serviceKey(metadata.namespace ?? '', metadata.name ?? '')
  try {
    const fields = object(spec, 'spec')
    return {
      targets: readTargets(fields.values['targets'], 'spec.targets'),
      access: accessOf(policy, fields),
    }
  } catch (error) {
    if (!(error instanceof InvalidSpecError)) throw error
    const access = { policy, rules: [], limits: {} }
    return { targets: targetsOfInvalid(spec), access, invalid: describeError(error) }
  }
}

function targetsOfInvalid(spec: unknown): readonly ReadTarget[] {
  try {
    return readTargets(object(spec, 'spec').values['targets'], 'spec.targets')
  } catch (error) {
    if (!(error instanceof InvalidSpecError)) throw error
    return EVERY_EXPORT
  }
}

function accessOf(policy: ServiceKey, spec: Fields): AccessPolicy {
  const rules = field(spec, 'allow', list(rule, { min: 0, max: ACCESS_MAX_RULES }), undefined)
  const limits = field(spec, 'limits', readLimits, {})
  return rules === undefined ? { policy, limits } : { policy, rules, limits }
}

const CLUSTER = text(/^(\*|[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)$/, 'cluster id, or *')

/** `name` or `namespace/name`; names of service accounts may have dots. */
const SERVICE_ACCOUNT = text(
  /^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\/)?(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  'name of a service account, or namespace/name',
)

/** An empty list would let nobody, and no list anybody: neither is what somebody would write so. */
const entries = (read: Read<string>) => list(read, { min: 1, max: ACCESS_MAX_ENTRIES })

const rule: Read<AccessRule> = (value, path) => {
  const fields = object(value, path)
  const clusters = field(fields, 'clusters', entries(CLUSTER), undefined)
  const namespaces = field(fields, 'namespaces', entries(LABEL), undefined)
  const serviceAccounts = field(fields, 'serviceAccounts', entries(SERVICE_ACCOUNT), undefined)
  if (clusters === undefined && namespaces === undefined && serviceAccounts === undefined)
    throw fault(path, 'needs clusters, namespaces or serviceAccounts')
  if (namespaces === undefined && serviceAccounts?.some((account) => !account.includes('/')) === true)
    throw fault(`${path}.serviceAccounts`, 'needs names with their namespace, or the list namespaces')
  return {
    ...(clusters === undefined || clusters.includes(ANY_CLUSTER) ? {} : { clusters }),
    ...(namespaces === undefined ? {} : { namespaces }),
    ...(serviceAccounts === undefined ? {} : { serviceAccounts }),
  }
}

const readLimits: Read<AccessLimits> = (value, path) => {
  const fields = object(value, path)
  const limit = (name: keyof AccessLimits): AccessLimits => {
    const { min, max } = ACCESS_BOUNDS[name]
    const found = field(fields, name, wholeNumber(min, max), undefined)
    return found === undefined ? {} : { [name]: found }
  }
  return { ...limit('connections'), ...limit('connectionsPerSecond'), ...limit('bytesPerSecond') }
}
