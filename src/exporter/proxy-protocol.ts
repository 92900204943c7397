/**
 * Which PROXY protocol header the backends of an export get. Pure.
 */
import type { ServiceExport } from '../api/mcs.ts'
import { Annotation } from '../api/names.ts'
import { ProxyProtocol } from '../api/traffic-settings.ts'

/** What the annotation of an export says; undefined when it has none. */
export type AnnotatedProtocol =
  | { readonly kind: 'known'; readonly protocol: ProxyProtocol }
  | { readonly kind: 'unknown'; readonly message: string }

const VALUES: ReadonlyMap<string, ProxyProtocol> = new Map([
  ['v1', ProxyProtocol.v1],
  ['v2', ProxyProtocol.v2],
  ['none', ProxyProtocol.none],
])

/** Reads the annotation `fairlead.dev/proxy-protocol`. */
export function annotatedProtocol({ metadata }: ServiceExport): AnnotatedProtocol | undefined {
  const value = metadata.annotations?.[Annotation.proxyProtocol]
  if (value === undefined) return undefined
  const protocol = VALUES.get(value)
  if (protocol !== undefined) return { kind: 'known', protocol }
  const message =
    `annotation ${Annotation.proxyProtocol} is "${value.slice(0, 40)}": give v1, v2 or none; ` +
    'until then no header is sent'
  return { kind: 'unknown', message }
}

/**
 * The annotation is the narrower statement, by the export's owner, and stands above a policy. One that cannot be read
 * turns the header off: backends that expect none would take it for data.
 */
export function exportedProtocol(serviceExport: ServiceExport, policy: ProxyProtocol): ProxyProtocol {
  const annotated = annotatedProtocol(serviceExport)
  if (annotated === undefined) return policy
  return annotated.kind === 'known' ? annotated.protocol : ProxyProtocol.none
}
