/**
 * Rules of Services: defaults, addresses and node ports, and what may change later.
 */
import type { ApiObject } from '../api-object.ts'
import { internal, invalid, type StatusError } from '../errors.ts'
import {
  ensureObject,
  fillDefaults,
  type JsonObject,
  numberAt,
  objectAt,
  objectsAt,
  stringAt,
  stringsAt,
} from '../json/access.ts'
import { type FieldError, invalidValue } from '../validation/field-error.ts'
import { checkService } from '../validation/service.ts'
import type { Strategy } from './resource-definition.ts'
import { NODE_PORTS, type ServiceAddresses } from './service-addresses.ts'
import { familyOf, type IpFamily } from './service-range.ts'

/** Session affinity lasts three hours. */
const AFFINITY_SECONDS = 10_800

const KIND = { group: '', name: 'Service' }

export function serviceStrategy(addresses: () => ServiceAddresses): Strategy {
  return {
    defaults: defaultService,
    prepareCreate(service) {
      assignAddress(service, addresses(), undefined)
      assignNodePorts(service, addresses(), undefined)
      fillDefaults(service, { status: { loadBalancer: {} } })
    },
    prepareUpdate(next, current) {
      keepAddress(next, current)
      assignAddress(next, addresses(), current)
      assignNodePorts(next, addresses(), current)
    },
    validate: checkService,
    validateUpdate: sameAddress,
    fieldLabels: {
      'spec.clusterIP': (service) => stringAt(service, 'spec', 'clusterIP') ?? '',
      'spec.type': (service) => stringAt(service, 'spec', 'type') ?? '',
    },
  }
}

function defaultService(service: ApiObject): void {
  const spec = ensureObject(service, 'spec')
  fillDefaults(spec, { type: 'ClusterIP', sessionAffinity: 'None' })
  if (spec['sessionAffinity'] === 'ClientIP') {
    fillDefaults(ensureObject(ensureObject(spec, 'sessionAffinityConfig'), 'clientIP'), {
      timeoutSeconds: AFFINITY_SECONDS,
    })
  }
  for (const port of objectsAt(spec, 'ports')) {
    fillDefaults(port, { protocol: 'TCP' })
    if (port['targetPort'] === undefined || port['targetPort'] === 0 || port['targetPort'] === '')
      port['targetPort'] = port['port']
  }
  const type = spec['type']
  if (type !== 'ExternalName') fillDefaults(spec, { internalTrafficPolicy: 'Cluster' })
  if (usesNodePorts(spec)) fillDefaults(spec, { externalTrafficPolicy: 'Cluster' })
  if (type === 'LoadBalancer') fillDefaults(spec, { allocateLoadBalancerNodePorts: true })
}

function usesNodePorts(spec: JsonObject): boolean {
  return spec['type'] === 'NodePort' || spec['type'] === 'LoadBalancer'
}

/** An update that does not speak of addresses keeps them; other types lose what is not theirs. */
function keepAddress(next: ApiObject, current: ApiObject): void {
  const spec = ensureObject(next, 'spec')
  if (spec['type'] === 'ExternalName') {
    for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'internalTrafficPolicy'])
      delete spec[field]
    return
  }
  if (!stringAt(spec, 'clusterIP') && stringsAt(spec, 'clusterIPs').length === 0) {
    const { clusterIP, clusterIPs, ipFamilies, ipFamilyPolicy } = objectAt(current, 'spec') ?? {}
    Object.assign(spec, { clusterIP, clusterIPs })
    for (const [key, value] of Object.entries({ ipFamilies, ipFamilyPolicy })) {
      if (value !== undefined && spec[key] === undefined) spec[key] = value
    }
  }
  if (!usesNodePorts(spec)) {
    delete spec['externalTrafficPolicy']
    delete spec['allocateLoadBalancerNodePorts']
  }
}

function assignAddress(
  service: ApiObject,
  addresses: ServiceAddresses,
  current: ApiObject | undefined,
): void {
  const spec = ensureObject(service, 'spec')
  if (spec['type'] === 'ExternalName') return
  const wanted = wantedAddresses(spec)
  const { policy, families } = familiesOf(service, wanted, addresses.families)
  Object.assign(spec, { ipFamilies: [...families], ipFamilyPolicy: policy })
  if (wanted[0] === 'None') {
    Object.assign(spec, { clusterIP: 'None', clusterIPs: ['None'] })
    return
  }
  const held = stringsAt(current, 'spec', 'clusterIPs')
  for (const address of wanted) if (!held.includes(address)) checkWanted(service, address, addresses)
  const given = families.map(
    (family) => wanted.find((each) => familyOf(each) === family) ?? addresses.freeAddress(family),
  )
  if (given.includes(undefined)) throw internal('failed to allocate a serviceIP: range is full')
  Object.assign(spec, { clusterIP: given[0], clusterIPs: given })
}

/** `clusterIP` is the first of `clusterIPs`. */
function wantedAddresses(spec: JsonObject): string[] {
  const [first, ...others] = stringsAt(spec, 'clusterIPs')
  const main = stringAt(spec, 'clusterIP') || first
  return main ? [main, ...others] : []
}

/** Which families a Service gets, in their order, of those that the cluster has. */
function familiesOf(
  service: ApiObject,
  wanted: readonly string[],
  offered: readonly IpFamily[],
): { policy: string; families: readonly IpFamily[] } {
  const spec = ensureObject(service, 'spec')
  const asked = stringsAt(spec, 'ipFamilies') as IpFamily[]
  const inferred = asked.length > 1 || wanted.length > 1 ? 'RequireDualStack' : 'SingleStack'
  const policy = stringAt(spec, 'ipFamilyPolicy') ?? inferred
  const primary = asked[0] ?? familyOf(wanted[0] ?? '') ?? offered[0] ?? 'IPv4'
  if (!offered.includes(primary)) {
    throw refused(service, 'spec.ipFamilies[0]', primary, 'not configured on this cluster')
  }
  const other = offered.find((family) => family !== primary)
  if (policy === 'RequireDualStack' && other === undefined) {
    const why = 'this cluster is not configured for dual-stack services'
    throw refused(service, 'spec.ipFamilyPolicy', policy, why)
  }
  return { policy, families: policy === 'SingleStack' || other === undefined ? [primary] : [primary, other] }
}

function checkWanted(service: ApiObject, wanted: string, addresses: ServiceAddresses): void {
  const refuse = (why: string) =>
    refused(service, 'spec.clusterIPs', [wanted], `failed to allocate IP ${wanted}: ${why}`)
  if (!addresses.inRange(wanted)) {
    const range = addresses.cidrOf(familyOf(wanted))
    throw refuse(`the provided IP (${wanted}) is not in the valid range. The range of valid IPs is ${range}`)
  }
  if (addresses.isTaken(wanted)) throw refuse('provided IP is already allocated')
}

function refused({ metadata }: ApiObject, field: string, value: unknown, why: string): StatusError {
  return invalid(KIND, metadata.name ?? '', [invalidValue(field, value, why)])
}

function assignNodePorts(
  service: ApiObject,
  addresses: ServiceAddresses,
  current: ApiObject | undefined,
): void {
  const spec = ensureObject(service, 'spec')
  const ports = objectsAt(spec, 'ports')
  if (!usesNodePorts(spec)) {
    for (const port of ports) delete port['nodePort']
    return
  }
  if (spec['allocateLoadBalancerNodePorts'] === false) return
  const before = objectsAt(current, 'spec', 'ports')
  const held = new Set(before.map((port) => numberAt(port, 'nodePort') ?? 0))
  const used = new Set(ports.map((port) => numberAt(port, 'nodePort') ?? 0))
  for (const [index, port] of ports.entries()) {
    port['nodePort'] ??= before.find(
      (old) => old['port'] === port['port'] && old['protocol'] === port['protocol'],
    )?.['nodePort']
    const nodePort = numberAt(port, 'nodePort') ?? 0
    if (nodePort === 0) port['nodePort'] = nextPort(addresses, used)
    else if (!held.has(nodePort)) checkNodePort(service, nodePort, index, addresses)
    used.add(numberAt(port, 'nodePort') ?? 0)
  }
}

function nextPort(addresses: ServiceAddresses, used: ReadonlySet<number>): number {
  const port = addresses.freePort(used)
  if (port === undefined) throw internal('failed to allocate a nodePort: range is full')
  return port
}

function checkNodePort(service: ApiObject, port: number, index: number, addresses: ServiceAddresses): void {
  const { first, last } = NODE_PORTS
  const field = `spec.ports[${index}].nodePort`
  const refuse = (why: string) => invalid(KIND, service.metadata.name ?? '', [invalidValue(field, port, why)])
  if (port < first || port > last)
    throw refuse(`provided port is not in the valid range. The range of valid ports is ${first}-${last}`)
  if (addresses.isPortTaken(port)) throw refuse('provided port is already allocated')
}

function sameAddress(next: ApiObject, current: ApiObject): FieldError[] {
  const before = stringAt(current, 'spec', 'clusterIP') ?? ''
  const after = stringAt(next, 'spec', 'clusterIP') ?? ''
  if (before === '' || after === '' || before === after || stringAt(next, 'spec', 'type') === 'ExternalName')
    return []
  return [invalidValue('spec.clusterIPs[0]', [after], 'may not change once set')]
}
