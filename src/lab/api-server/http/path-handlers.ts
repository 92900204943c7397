/**
 * Paths that name no resource: health, version, discovery, OpenAPI, metrics, token keys.
 */
import type { Metrics } from '../../../core/metrics.ts'
import { ISSUER, type TokenIssuer } from '../authn/service-account-tokens.ts'
import {
  type AggregatedVersion,
  aggregatedDiscovery,
  coreVersions,
  groupDocument,
  groupList,
  resourceList,
} from '../discovery/documents.ts'
import { VERSION_INFO } from '../discovery/version.ts'
import { pathNotFound } from '../errors.ts'
import type { KindRegistry } from '../kinds/registry.ts'
import type { OpenApi } from '../openapi/openapi.ts'
import { parseAccept } from './accept.ts'
import type { RequestContext } from './context.ts'
import { json, plain, type Reply } from './reply.ts'

export interface PathHandlerDeps {
  readonly kinds: KindRegistry
  readonly metrics: Metrics
  readonly tokens: TokenIssuer
  readonly openApi: OpenApi
}

export interface PathHandlerConfig {
  /** host:port other clients are told. */
  readonly serverAddress: string
}

/** Paths anybody may ask for. */
export const PUBLIC_PATHS: ReadonlySet<string> = new Set([
  '/healthz',
  '/livez',
  '/readyz',
  '/version',
  '/version/',
])

export class PathHandlers {
  readonly #deps: PathHandlerDeps
  readonly #config: PathHandlerConfig

  constructor(deps: PathHandlerDeps, config: PathHandlerConfig) {
    this.#deps = deps
    this.#config = config
  }

  async handle(path: string, context: RequestContext): Promise<Reply> {
    const clean = path.length > 1 ? path.replace(/\/$/, '') : path
    const fixed = await this.#fixed(clean, context)
    if (fixed !== undefined) return fixed
    const found = this.#discovery(clean) ?? this.#openApi(clean, context)
    if (found === undefined) throw pathNotFound()
    return found
  }

  async #fixed(path: string, context: RequestContext): Promise<Reply | undefined> {
    switch (path) {
      case '/healthz':
      case '/livez':
      case '/readyz':
        return plain(200, 'ok')
      case '/version':
        return json(200, VERSION_INFO)
      case '/metrics':
        return plain(200, await this.#deps.metrics.text())
      case '/openid/v1/jwks':
        return json(200, this.#deps.tokens.keySet(), 'application/jwk-set+json')
      case '/.well-known/openid-configuration':
        return json(200, openIdConfiguration())
      case '/':
        return json(200, {
          paths: [
            '/api',
            '/apis',
            '/healthz',
            '/livez',
            '/metrics',
            '/openapi/v2',
            '/openapi/v3',
            '/readyz',
            '/version',
          ],
        })
      case '/api':
      case '/apis':
        return this.#root(path === '/api', context)
      default:
        return undefined
    }
  }

  #root(core: boolean, context: RequestContext): Reply {
    const format = aggregatedFormat(context.request.headers.accept)
    if (format !== undefined) {
      const type = `application/json;g=apidiscovery.k8s.io;v=${format};as=APIGroupDiscoveryList`
      return json(200, aggregatedDiscovery(this.#deps.kinds, core, format), type)
    }
    return json(200, core ? coreVersions(this.#config.serverAddress) : groupList(this.#deps.kinds))
  }

  #discovery(path: string): Reply | undefined {
    const [, root, first, second, ...rest] = path.split('/')
    if (rest.length > 0 || first === undefined) return undefined
    const document =
      root === 'api' && second === undefined
        ? resourceList(this.#deps.kinds, '', first)
        : root === 'apis'
          ? this.#groupDiscovery(first, second)
          : undefined
    return document === undefined ? undefined : json(200, document)
  }

  #groupDiscovery(group: string, version: string | undefined): object | undefined {
    if (version === undefined) return groupDocument(this.#deps.kinds, group)
    return resourceList(this.#deps.kinds, group, version)
  }

  #openApi(path: string, context: RequestContext): Reply | undefined {
    const { accept } = context.request.headers
    const { openApi } = this.#deps
    if (path === '/openapi/v2') return openApi.v2(accept)
    if (path === '/openapi/v3') return openApi.v3Index()
    return path.startsWith('/openapi/v3/') ? openApi.v3(path.slice('/openapi/v3/'.length)) : undefined
  }
}

function aggregatedFormat(accept: string | undefined): AggregatedVersion | undefined {
  for (const { type, parameters } of parseAccept(accept)) {
    const { g, v, as } = parameters
    if (type !== 'application/json') continue
    if (as === undefined) return undefined
    if (g === 'apidiscovery.k8s.io' && as === 'APIGroupDiscoveryList' && (v === 'v2' || v === 'v2beta1'))
      return v
  }
  return undefined
}

function openIdConfiguration(): object {
  return {
    issuer: ISSUER,
    jwks_uri: `${ISSUER}/openid/v1/jwks`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  }
}
