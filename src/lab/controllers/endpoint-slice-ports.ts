/**
 * Comparing the port lists of EndpointSlices.
 */
import type { EndpointPort } from '../../api/objects.ts'

/** Equal for equal sets of ports, whatever their order. */
export function portsKey(ports: readonly EndpointPort[]): string {
  return ports
    .map(({ name = '', protocol = 'TCP', port, appProtocol = '' }) =>
      [name, protocol, port, appProtocol].join('/'),
    )
    .sort()
    .join(' ')
}
