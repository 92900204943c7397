/**
 * Rules of Services that do not depend on what is allocated.
 */
import type { ApiObject } from '../api-object.ts'
import { type JsonObject, numberAt, objectsAt, stringAt } from '../json/access.ts'
import { duplicate, type FieldError, invalidValue, notSupported, required } from './field-error.ts'
import { checkName, checkRequiredLabel } from './names.ts'
import { checkPort } from './pod-spec.ts'

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']

/** Faults of a Service. */
export function checkService(service: ApiObject): FieldError[] {
  const type = stringAt(service, 'spec', 'type') ?? ''
  const ports = objectsAt(service, 'spec', 'ports')
  const faults: FieldError[] = TYPES.includes(type) ? [] : [notSupported('spec.type', type, TYPES)]
  const affinity = stringAt(service, 'spec', 'sessionAffinity')
  if (affinity !== 'None' && affinity !== 'ClientIP') {
    faults.push(notSupported('spec.sessionAffinity', affinity, ['ClientIP', 'None']))
  }
  if (type === 'ExternalName') return [...faults, ...checkExternalName(service)]
  if (ports.length === 0 && stringAt(service, 'spec', 'clusterIP') !== 'None')
    faults.push(required('spec.ports'))
  return [...faults, ...checkPorts(ports)]
}

function checkExternalName(service: ApiObject): FieldError[] {
  const name = (stringAt(service, 'spec', 'externalName') ?? '').replace(/\.$/, '')
  return name === '' ? [required('spec.externalName')] : checkName('subdomain', name, 'spec.externalName')
}

function checkPorts(ports: readonly JsonObject[]): FieldError[] {
  const names = new Set<string>()
  const numbers = new Set<string>()
  return ports.flatMap((port, index) => {
    const path = `spec.ports[${index}]`
    const name = stringAt(port, 'name') ?? ''
    const faults = [
      ...checkPort(numberAt(port, 'port'), `${path}.port`),
      ...checkProtocol(port, path),
      ...checkTarget(port, path),
    ]
    if (ports.length > 1 || name !== '') faults.push(...checkRequiredLabel(name, `${path}.name`))
    if (name !== '' && names.has(name)) faults.push(duplicate(`${path}.name`, name))
    const number = `${port['port']}/${port['protocol']}`
    if (numbers.has(number)) faults.push(duplicate(path, { port: port['port'], protocol: port['protocol'] }))
    names.add(name)
    numbers.add(number)
    return faults
  })
}

const PROTOCOLS = ['SCTP', 'TCP', 'UDP']

function checkProtocol(port: JsonObject, path: string): FieldError[] {
  const protocol = stringAt(port, 'protocol')
  return protocol !== undefined && PROTOCOLS.includes(protocol)
    ? []
    : [notSupported(`${path}.protocol`, protocol, PROTOCOLS)]
}

function checkTarget({ targetPort }: JsonObject, path: string): FieldError[] {
  const field = `${path}.targetPort`
  if (typeof targetPort === 'number') return checkPort(targetPort, field)
  if (typeof targetPort !== 'string') return []
  const valid =
    targetPort.length <= 15 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(targetPort) && /[a-z]/.test(targetPort)
  return valid
    ? []
    : [
        invalidValue(
          field,
          targetPort,
          'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
        ),
      ]
}
