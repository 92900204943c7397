/** Environment and command line of a container, with `$(VAR)` references filled in. Pure but for the lookup it is given. */
import { LabError } from '../errors.ts'
import { fieldValue, type PodAddresses } from './downward.ts'
import type { Container, EnvFromSource, EnvVar, LabPod } from './pod.ts'

/** Looks up ConfigMaps and decoded Secrets in the pod's namespace; undefined when there is none. */
export interface ConfigSource {
  configMap(name: string): Promise<Readonly<Record<string, Buffer>> | undefined>
  secret(name: string): Promise<Readonly<Record<string, Buffer>> | undefined>
}

export type Environment = ReadonlyMap<string, string>

/** `base` are the variables every container has; those of the container win. */
export async function containerEnvironment(
  pod: LabPod,
  container: Container,
  addresses: PodAddresses,
  base: Readonly<Record<string, string>>,
  source: ConfigSource,
): Promise<Environment> {
  const environment = new Map(Object.entries(base))
  for (const from of container.envFrom ?? []) {
    for (const [name, value] of await variablesFrom(from, source)) environment.set(name, value)
  }
  for (const variable of container.env ?? []) {
    const value = await variableValue(pod, variable, addresses, environment, source)
    if (value !== undefined) environment.set(variable.name, value)
  }
  return environment
}

/** `command` and `args`, expanded. Images are not known here, so that a command is needed. */
export function containerCommand(container: Container, environment: Environment): readonly string[] {
  const words = [...(container.command ?? []), ...(container.args ?? [])]
  if (words.length === 0) {
    throw new LabError(
      `container ${container.name} has no command: the lab ignores images, so that it needs one`,
    )
  }
  return words.map((word) => expandReferences(word, environment))
}

/** `$(VAR)` becomes the variable's value; unknown ones stay; `$$(VAR)` is an escaped `$(VAR)`. */
export function expandReferences(text: string, environment: Environment): string {
  return text.replace(/\$(\$|\(([^)]*)\))/g, (whole, next: string, name: string) => {
    if (next === '$') return '$'
    return environment.get(name) ?? whole
  })
}

async function variableValue(
  pod: LabPod,
  { name, value, valueFrom }: EnvVar,
  addresses: PodAddresses,
  environment: Environment,
  source: ConfigSource,
): Promise<string | undefined> {
  if (valueFrom === undefined) return expandReferences(value ?? '', environment)
  const { fieldRef, configMapKeyRef, secretKeyRef } = valueFrom
  if (fieldRef !== undefined) return fieldValue(pod, fieldRef.fieldPath, addresses)
  const reference = configMapKeyRef ?? secretKeyRef
  if (reference === undefined)
    throw new LabError(`the source of variable ${name} is not supported by the lab`)
  const kind = configMapKeyRef === undefined ? 'secret' : 'configMap'
  const data = await source[kind](reference.name ?? '')
  const found = data?.[reference.key]
  if (found !== undefined) return found.toString('utf8')
  if (reference.optional) return undefined
  throw new LabError(
    `${kind} "${reference.name}" has no key "${reference.key}", which variable ${name} needs`,
  )
}

async function variablesFrom(from: EnvFromSource, source: ConfigSource): Promise<[string, string][]> {
  const kind = from.configMapRef === undefined ? 'secret' : 'configMap'
  const reference = from.configMapRef ?? from.secretRef
  if (reference === undefined) return []
  const data = await source[kind](reference.name ?? '')
  if (data === undefined && !reference.optional)
    throw new LabError(`${kind} "${reference.name}" does not exist`)
  return Object.entries(data ?? {}).map(([key, value]) => [
    `${from.prefix ?? ''}${key}`,
    value.toString('utf8'),
  ])
}
