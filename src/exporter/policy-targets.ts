/**
 * What policies of one namespace aim at: how targets are written, and which services they mean. Pure.
 */
import { POLICY_MAX_LABELS, POLICY_MAX_TARGETS } from './limits.ts'
import { fault, field, list, map, object, type Read, text } from './spec-fields.ts'

export type Labels = Readonly<Record<string, string>>

/** Services by name, or by labels that all have to be there. */
export type ReadTarget =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'labels'; readonly labels: ReadonlyMap<string, string> }

/** A service of the namespace, with the labels of the objects that make it known. */
export interface KnownService {
  readonly name: string
  readonly labels: readonly Labels[]
}

/** A policy of the namespace, and what it was read as. */
export interface Candidate<R> {
  readonly name: string
  /** RFC 3339. */
  readonly createdAt: string
  /** The metadata.generation that was read. */
  readonly generation: number | undefined
  readonly read: R
}

/** Names of namespaces, Services and clusters. */
export const LABEL = text(
  /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
  'name of lower-case letters, digits and dashes',
)

const target: Read<ReadTarget> = (value, path) => {
  const fields = object(value, path)
  const name = field(fields, 'name', LABEL, undefined)
  const selector = field(fields, 'selector', object, undefined)
  if (name !== undefined && selector === undefined) return { kind: 'name', name }
  if (name === undefined && selector !== undefined) {
    const labels = map(text(/^/, 'text'), POLICY_MAX_LABELS)
    return { kind: 'labels', labels: labels(selector.values['matchLabels'], `${selector.path}.matchLabels`) }
  }
  throw fault(path, 'needs either name or selector')
}

/** The list `targets` of a policy. */
export const readTargets: Read<ReadTarget[]> = list(target, { min: 1, max: POLICY_MAX_TARGETS })

/** Names of what the targets mean, each once, sorted; also of what is named and not there yet. */
export function targetedServices(
  targets: readonly ReadTarget[],
  services: readonly KnownService[],
): string[] {
  const names = targets.flatMap((one) =>
    one.kind === 'name'
      ? [one.name]
      : services
          .filter(({ labels }) => labels.some((each) => matches(each, one.labels)))
          .map(({ name }) => name),
  )
  return [...new Set(names)].sort()
}

function matches(labels: Labels, wanted: ReadonlyMap<string, string>): boolean {
  return [...wanted].every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value)
}

type Aged = Pick<Candidate<unknown>, 'name' | 'createdAt'>

/** Orders policies: the oldest first, equals by name. */
export function byAge(left: Aged, right: Aged): number {
  const age = ageOf(left) - ageOf(right)
  if (age !== 0) return age
  return left.name < right.name ? -1 : 1
}

/** A time that cannot be read is the youngest. */
function ageOf({ createdAt }: Aged): number {
  const time = Date.parse(createdAt)
  return Number.isNaN(time) ? Number.MAX_SAFE_INTEGER : time
}
