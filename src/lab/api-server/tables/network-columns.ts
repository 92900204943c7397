/**
 * Columns of Services, Endpoints, EndpointSlices and NetworkPolicies.
 */
import type { ApiObject } from '../api-object.ts'
import { numberAt, objectsAt, stringAt, stringMapAt, stringsAt, valueAt } from '../json/access.ts'
import { fromSelectorObject, selectorText } from '../selectors/label-selector.ts'
import { AGE, abbreviated, type Column, column, labelText, NAME, wide } from './column.ts'

function servicePorts(service: ApiObject): string {
  const ports = objectsAt(service, 'spec', 'ports').map((port) => {
    const node = numberAt(port, 'nodePort') ?? 0
    return `${port['port']}${node === 0 ? '' : `:${node}`}/${stringAt(port, 'protocol') ?? 'TCP'}`
  })
  return ports.length === 0 ? '<none>' : ports.join(',')
}

function externalAddress(service: ApiObject): string {
  const ingress = objectsAt(service, 'status', 'loadBalancer', 'ingress').map(
    (item) => stringAt(item, 'ip') ?? stringAt(item, 'hostname') ?? '',
  )
  const external = stringsAt(service, 'spec', 'externalIPs')
  switch (stringAt(service, 'spec', 'type')) {
    case 'LoadBalancer':
      return [...ingress, ...external].join(',') || '<pending>'
    case 'ExternalName':
      return stringAt(service, 'spec', 'externalName') ?? '<none>'
    default:
      return external.join(',') || '<none>'
  }
}

export const SERVICE_COLUMNS: readonly Column[] = [
  NAME,
  column('Type', (service) => stringAt(service, 'spec', 'type') ?? ''),
  column('Cluster-IP', (service) => stringAt(service, 'spec', 'clusterIP') || '<none>'),
  column('External-IP', externalAddress),
  column('Port(s)', servicePorts),
  AGE,
  wide('Selector', (service) => labelText(stringMapAt(service, 'spec', 'selector'))),
]

function sliceEndpoints(slice: ApiObject): string {
  return abbreviated(objectsAt(slice, 'endpoints').flatMap((endpoint) => stringsAt(endpoint, 'addresses')))
}

function slicePorts(slice: ApiObject): string {
  const ports = objectsAt(slice, 'ports')
  if (ports.length === 0) return '<unset>'
  return abbreviated(ports.map((port) => String(numberAt(port, 'port') ?? '*')))
}

export const ENDPOINT_SLICE_COLUMNS: readonly Column[] = [
  NAME,
  column('AddressType', (slice) => stringAt(slice, 'addressType') ?? ''),
  column('Ports', slicePorts),
  column('Endpoints', (slice) =>
    objectsAt(slice, 'endpoints').length === 0 ? '<unset>' : sliceEndpoints(slice),
  ),
  AGE,
]

function endpointList(endpoints: ApiObject): string {
  const all = objectsAt(endpoints, 'subsets').flatMap((subset) => {
    const ports = objectsAt(subset, 'ports')
    return objectsAt(subset, 'addresses').flatMap((address) => {
      const ip = stringAt(address, 'ip') ?? ''
      return ports.length === 0 ? [ip] : ports.map((port) => `${ip}:${port['port']}`)
    })
  })
  return abbreviated(all)
}

export const ENDPOINTS_COLUMNS: readonly Column[] = [NAME, column('Endpoints', endpointList), AGE]

export const NETWORK_POLICY_COLUMNS: readonly Column[] = [
  NAME,
  column(
    'Pod-Selector',
    (policy) => selectorText(fromSelectorObject(valueAt(policy, 'spec', 'podSelector'))) || '<none>',
  ),
  AGE,
]
