/**
 * The embedded Kubernetes API server: put together, started, stopped.
 */
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import type { Metrics } from '../../core/metrics.ts'
import { AuditLog } from './audit/audit-log.ts'
import { Authenticator } from './authn/authenticator.ts'
import { loadTokenKey, TokenIssuer } from './authn/service-account-tokens.ts'
import { Rbac } from './authz/rbac.ts'
import { followCrds } from './crd/crd-registry.ts'
import { Dispatcher } from './http/dispatch.ts'
import { ObjectEncoder } from './http/encoder.ts'
import { Listeners, type TcpAddress, type TlsFiles } from './http/listeners.ts'
import { PathHandlers } from './http/path-handlers.ts'
import { Presenter } from './http/presenter.ts'
import { handleRequest } from './http/request-handler.ts'
import { SubresourceHandlers } from './http/subresources.ts'
import { builtinDefinitions } from './kinds/builtin-table.ts'
import { KindRegistry } from './kinds/registry.ts'
import { createStrategies } from './kinds/strategies.ts'
import { BOOKMARK_INTERVAL_MS } from './limits.ts'
import { OpenApi } from './openapi/openapi.ts'
import { AppendLog } from './storage/append-log.ts'
import { ObjectStore } from './storage/object-store.ts'
import { TableMaker } from './tables/table.ts'
import type { ApiDeps } from './verbs/deps.ts'

export interface ApiServerDeps {
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
}

export interface ApiServerConfig {
  /** TCP addresses to listen on. */
  readonly listen: readonly TcpAddress[]
  /** Unix sockets to listen on, HTTPS as well. */
  readonly sockets: readonly string[]
  readonly tls: TlsFiles
  /** Folder that keeps the state; none: it is gone when the process ends. */
  readonly stateFolder?: string | undefined
  /** Where ClusterIPs come from. Default 10.96.0.0/16. */
  readonly serviceCidr?: string | undefined
  /** ip:port that endpoints of the `kubernetes` Service point to. */
  readonly advertise?: string | undefined
  /** Unix socket of the node's kubelet, for logs of pods. */
  readonly kubeletSocket?: string | undefined
  /** JSON-lines file of all requests. */
  readonly auditFile?: string | undefined
  /** Milliseconds between bookmarks. Default BOOKMARK_INTERVAL_MS. */
  readonly bookmarkInterval?: number | undefined
  /** Changes kept for each resource. Default EVENT_WINDOW. */
  readonly eventWindow?: number | undefined
}

export interface ApiServer {
  /** Ports of the TCP addresses, in the order given. */
  readonly ports: readonly number[]
  stop(): Promise<void>
}

/** Starts the server; resolves when it listens. */
export async function startApiServer(deps: ApiServerDeps, config: ApiServerConfig): Promise<ApiServer> {
  const { api, tokens } = openState(deps, config)
  const stopping = new AbortController()
  const audit = config.auditFile === undefined ? undefined : new AuditLog(deps.clock, config.auditFile)
  const listeners = new Listeners(config)
  const requests = deps.metrics.counter('apiserver_request_total', 'Requests answered', ['verb', 'resource', 'code'])
  const handlerDeps = {
    log: deps.log,
    audit,
    authenticator: new Authenticator({ clock: deps.clock, store: api.store, tokens }),
    rbac: new Rbac(api.store),
    dispatcher: createDispatcher(api, config),
    paths: createPathHandlers(deps, api, tokens, config),
    count: requests,
    stopping: stopping.signal,
  }
  await listeners.start((request, response) => void handleRequest(handlerDeps, request, response))
  return {
    ports: listeners.ports,
    async stop() {
      stopping.abort()
      await listeners.stop()
      api.store.close()
      audit?.close()
    },
  }
}

function openState(deps: ApiServerDeps, config: ApiServerConfig): { api: ApiDeps; tokens: TokenIssuer } {
  const log = config.stateFolder === undefined ? undefined : new AppendLog(config.stateFolder)
  // Seconds since 1970 grow faster than revisions of a lab: after a restart without state, old watches get 410.
  const firstRevision = Math.floor(deps.clock.now() / 1000)
  const store = new ObjectStore(log, { firstRevision, ...(config.eventWindow === undefined ? {} : { eventWindow: config.eventWindow }) })
  const strategies = createStrategies({ kinds: () => kinds })
  const kinds = new KindRegistry(builtinDefinitions(strategies))
  followCrds(store, kinds)
  return { api: { clock: deps.clock, store, kinds }, tokens: new TokenIssuer(loadTokenKey(config.stateFolder)) }
}

function createDispatcher(api: ApiDeps, config: ApiServerConfig): Dispatcher {
  const presenter = new Presenter({ encoder: new ObjectEncoder(), tables: new TableMaker(api.clock) })
  const subresources = new SubresourceHandlers(new Map())
  return new Dispatcher(
    { ...api, presenter, subresources, review: () => undefined },
    { bookmarkInterval: config.bookmarkInterval ?? BOOKMARK_INTERVAL_MS },
  )
}

function createPathHandlers(deps: ApiServerDeps, api: ApiDeps, tokens: TokenIssuer, config: ApiServerConfig): PathHandlers {
  return new PathHandlers(
    { kinds: api.kinds, metrics: deps.metrics, tokens, openApi: new OpenApi(api.kinds) },
    { serverAddress: config.advertise ?? '127.0.0.1:443' },
  )
}
