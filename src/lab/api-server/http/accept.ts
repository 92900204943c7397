/**
 * Which form of an answer the client asked for. Protobuf is never served; JSON is given in its place.
 */

/** The media types of an Accept header with their parameters, in order of preference. */
export interface MediaRange {
  readonly type: string
  readonly parameters: Readonly<Record<string, string>>
}

export type ObjectForm = 'Object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList'

export function parseAccept(header: string | undefined): MediaRange[] {
  const ranges = (header ?? '').split(',').map(parseRange)
  return ranges.sort((a, b) => quality(b) - quality(a))
}

function parseRange(text: string): MediaRange {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim())
  const pairs = parameters.map((parameter) => {
    const [name = '', value = ''] = parameter.split('=')
    return [name.toLowerCase(), value] as const
  })
  return { type: type.toLowerCase(), parameters: Object.fromEntries(pairs) }
}

function quality({ parameters }: MediaRange): number {
  const value = Number(parameters['q'] ?? '1')
  return Number.isNaN(value) ? 1 : value
}

/** The form of objects: whole, as rows of a table, or only their metadata. */
export function objectForm(header: string | undefined): ObjectForm {
  for (const { type, parameters } of parseAccept(header)) {
    if (type !== 'application/json' && type !== '*/*') continue
    const { as, g, v } = parameters
    if (as === undefined) return 'Object'
    if (g !== 'meta.k8s.io' || v !== 'v1') continue
    if (as === 'Table' || as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return as
  }
  return 'Object'
}
