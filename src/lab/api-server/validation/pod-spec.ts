/**
 * Rules of pod specs that the node relies on: containers with unique names, known policies, mounts of volumes that exist.
 */
import { type JsonObject, numberAt, objectsAt, stringAt } from '../json/access.ts'
import { duplicate, type FieldError, invalidValue, notSupported, required } from './field-error.ts'
import { checkRequiredLabel } from './names.ts'

/** Faults of a pod spec at `path`. */
export function checkPodSpec(spec: JsonObject | undefined, path: string): FieldError[] {
  if (spec === undefined || objectsAt(spec, 'containers').length === 0)
    return [required(`${path}.containers`)]
  return [
    ...checkOneOf(spec, path, 'restartPolicy', ['Always', 'OnFailure', 'Never']),
    ...checkOneOf(spec, path, 'dnsPolicy', ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None']),
    ...checkContainers(spec, path),
    ...checkNames(objectsAt(spec, 'volumes'), `${path}.volumes`),
  ]
}

function checkOneOf(spec: JsonObject, path: string, field: string, values: readonly string[]): FieldError[] {
  const value = stringAt(spec, field)
  return value === undefined || values.includes(value)
    ? []
    : [notSupported(`${path}.${field}`, value, values)]
}

function checkContainers(spec: JsonObject, path: string): FieldError[] {
  const volumes = new Set(objectsAt(spec, 'volumes').map((volume) => stringAt(volume, 'name')))
  const seen = new Set<string>()
  return ['initContainers', 'containers'].flatMap((field) => {
    const containers = objectsAt(spec, field)
    return [
      ...checkNames(containers, `${path}.${field}`, seen),
      ...containers.flatMap((container, index) =>
        checkContainer(container, `${path}.${field}[${index}]`, volumes),
      ),
    ]
  })
}

function checkNames(items: readonly JsonObject[], path: string, seen = new Set<string>()): FieldError[] {
  return items.flatMap((item, index) => {
    const field = `${path}[${index}].name`
    const name = stringAt(item, 'name')
    const faults = checkRequiredLabel(name, field)
    if (name !== undefined && seen.has(name)) faults.push(duplicate(field, name))
    if (name !== undefined) seen.add(name)
    return faults
  })
}

function checkContainer(
  container: JsonObject,
  path: string,
  volumes: ReadonlySet<string | undefined>,
): FieldError[] {
  const faults: FieldError[] = []
  if (!stringAt(container, 'image')) faults.push(required(`${path}.image`))
  for (const [index, mount] of objectsAt(container, 'volumeMounts').entries()) {
    const name = stringAt(mount, 'name')
    const field = `${path}.volumeMounts[${index}].name`
    if (!volumes.has(name))
      faults.push({ field, reason: 'FieldValueNotFound', message: `Not found: ${JSON.stringify(name)}` })
  }
  for (const [index, port] of objectsAt(container, 'ports').entries()) {
    faults.push(...checkPort(numberAt(port, 'containerPort'), `${path}.ports[${index}].containerPort`))
  }
  for (const [index, env] of objectsAt(container, 'env').entries()) {
    if (!stringAt(env, 'name')) faults.push(required(`${path}.env[${index}].name`))
  }
  return faults
}

/** A port number between 1 and 65535. */
export function checkPort(port: number | undefined, field: string): FieldError[] {
  if (port === undefined) return [required(field)]
  return port > 0 && port < 65_536
    ? []
    : [invalidValue(field, port, 'must be between 1 and 65535, inclusive')]
}
