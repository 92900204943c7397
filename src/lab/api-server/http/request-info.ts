/**
 * What a request is about, read from its method and path, as authorisation and routing see it.
 */

/** A path under /api/V or /apis/G/V that names a resource. */
export interface ResourceRequest {
  readonly kind: 'resource'
  readonly verb: string
  readonly group: string
  readonly version: string
  readonly namespace: string | undefined
  readonly resource: string
  /** The name in the path. */
  readonly name: string | undefined
  /** The name for authorisation: of the path, or the only one a field selector lets through. */
  readonly authorizedName: string | undefined
  readonly subresource: string | undefined
  readonly path: string
}

/** Any other path. */
export interface PathRequest {
  readonly kind: 'path'
  readonly verb: string
  readonly path: string
}

export type RequestInfo = ResourceRequest | PathRequest

/** Subresources of namespaces: `/namespaces/NS/status` is not a resource called status. */
const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize'])

/** Reads method, path and query; path segments must be URL-decodable, else undefined. */
export function parseRequest(method: string, url: URL): RequestInfo | undefined {
  const segments = decodeSegments(url.pathname)
  if (segments === undefined) return undefined
  const other: PathRequest = { kind: 'path', verb: method.toLowerCase(), path: url.pathname }
  const [root, ...rest] = segments
  if (root === 'api' && rest.length >= 2) return resourceRequest('', rest, method, url) ?? other
  if (root === 'apis' && rest.length >= 3)
    return resourceRequest(rest[0] ?? '', rest.slice(1), method, url) ?? other
  return other
}

function decodeSegments(path: string): string[] | undefined {
  try {
    return path
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent)
  } catch {
    return undefined
  }
}

function resourceRequest(
  group: string,
  parts: readonly string[],
  method: string,
  url: URL,
): ResourceRequest | undefined {
  const version = parts[0] ?? ''
  const { namespace, rest } = splitNamespace(parts.slice(1))
  const [resource, name, ...sub] = rest
  if (resource === undefined) return undefined
  // What follows `proxy` is a path of the pod's own, as the API server's request info has it.
  const subresource = sub.length === 0 ? undefined : sub[0] === 'proxy' ? 'proxy' : sub.join('/')
  return {
    kind: 'resource',
    verb: verbOf(method, name, url.searchParams),
    group,
    version,
    namespace: namespace ?? (group === '' && resource === 'namespaces' ? name : undefined),
    resource,
    name,
    authorizedName: name ?? selectedName(url.searchParams),
    subresource,
    path: url.pathname,
  }
}

function splitNamespace(parts: readonly string[]): {
  namespace: string | undefined
  rest: readonly string[]
} {
  const [first, namespace, third] = parts
  if (first !== 'namespaces' || third === undefined || NAMESPACE_SUBRESOURCES.has(third)) {
    return { namespace: undefined, rest: parts }
  }
  return { namespace, rest: parts.slice(2) }
}

function verbOf(method: string, name: string | undefined, query: URLSearchParams): string {
  switch (method) {
    case 'GET':
    case 'HEAD':
      if (isTrue(query.get('watch'))) return 'watch'
      return name === undefined ? 'list' : 'get'
    case 'POST':
      return 'create'
    case 'PUT':
      return 'update'
    case 'PATCH':
      return 'patch'
    case 'DELETE':
      return name === undefined ? 'deletecollection' : 'delete'
    default:
      return method.toLowerCase()
  }
}

/** A query flag: present without a value counts as true. */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== 'false' && value !== '0'
}

/** Lists and watches of one object by field selector are authorised by that name. */
function selectedName(query: URLSearchParams): string | undefined {
  return /(?:^|,)metadata\.name=([^,]+)/.exec(query.get('fieldSelector') ?? '')?.[1]
}
