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
import { bootstrap, publishEndpoints } from './bootstrap/bootstrap.ts'
import { CrdCleaner } from './controllers/crd-cleaner.ts'
import { expireEvents } from './controllers/event-expiry.ts'
import { GarbageCollector } from './controllers/garbage-collector.ts'
import { NamespaceController } from './controllers/namespace-controller.ts'
import { RoleAggregation } from './controllers/role-aggregation.ts'
import { followCrds } from './crd/crd-registry.ts'
import { Dispatcher, type DispatcherDeps } from './http/dispatch.ts'
import { ObjectEncoder } from './http/encoder.ts'
import { Listeners, type TcpAddress, type TlsFiles } from './http/listeners.ts'
import type { ObjectHandlerDeps } from './http/object-handlers.ts'
import { PathHandlers } from './http/path-handlers.ts'
import { Presenter } from './http/presenter.ts'
import { handleRequest, type RequestHandlerDeps } from './http/request-handler.ts'
import { answerReview } from './http/reviews.ts'
import { createSubresources } from './http/subresources.ts'
import { builtinDefinitions } from './kinds/builtin-table.ts'
import { KindRegistry } from './kinds/registry.ts'
import { ServiceAddresses } from './kinds/service-addresses.ts'
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
  /** ip:port that endpoints of the `kubernetes` Service point to. Default: the first TCP address. */
  readonly advertise?: string | undefined
  /** PEM pods verify this server with. Default: the client CA. */
  readonly servingCa?: string | undefined
  /** Unix sockets of kubelets by node, for logs of pods. */
  readonly kubelets?: ReadonlyMap<string, string> | undefined
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
  const state = openState(deps, config)
  const { api, addresses } = state
  bootstrap(api, addresses.first)
  const controllers = startControllers(deps, api, config.servingCa ?? config.tls.clientCa)
  const stopping = new AbortController()
  const audit = config.auditFile === undefined ? undefined : new AuditLog(deps.clock, config.auditFile)
  const listeners = new Listeners(config)
  const handler = createHandler(deps, state, config, audit, stopping.signal)
  await listeners.start((request, response) => void handleRequest(handler, request, response))
  publishEndpoints(api, config.advertise ?? localAddress(listeners))
  return {
    ports: listeners.ports,
    async stop() {
      stopping.abort()
      for (const stop of controllers) stop()
      await listeners.stop()
      api.store.close()
      audit?.close()
    },
  }
}

/** Where clients on this machine reach the server; unix sockets alone leave the usual port. */
function localAddress(listeners: Listeners): string {
  return `127.0.0.1:${listeners.ports[0] ?? 6443}`
}

interface State {
  readonly api: ApiDeps
  readonly tokens: TokenIssuer
  readonly addresses: ServiceAddresses
}

function openState(deps: ApiServerDeps, config: ApiServerConfig): State {
  const { clock } = deps
  const log = config.stateFolder === undefined ? undefined : new AppendLog(config.stateFolder)
  // Seconds since 1970 grow faster than revisions of a lab: after a restart without state, old watches get 410.
  const firstRevision = Math.floor(clock.now() / 1000)
  const store = new ObjectStore(log, { firstRevision, eventWindow: config.eventWindow })
  const addresses = new ServiceAddresses(config.serviceCidr ?? '10.96.0.0/16', store.bucket('/services'))
  const strategies = createStrategies({ kinds: () => kinds, addresses: () => addresses })
  const kinds = new KindRegistry(builtinDefinitions(strategies))
  followCrds(store, kinds)
  return {
    api: { clock, store, kinds },
    tokens: new TokenIssuer(loadTokenKey(config.stateFolder)),
    addresses,
  }
}

/** Starts what works in the background; returns the ways to stop. */
function startControllers(deps: ApiServerDeps, api: ApiDeps, rootCa: string): (() => void)[] {
  const shared = { ...api, log: deps.log.child({ component: 'api-controllers' }) }
  const running = [
    new GarbageCollector(shared),
    new NamespaceController(shared, rootCa),
    new CrdCleaner(shared),
    new RoleAggregation(shared),
  ]
  return [expireEvents(api), ...running.map((controller) => () => controller.stop())]
}

function createHandler(
  deps: ApiServerDeps,
  { api, tokens }: State,
  config: ApiServerConfig,
  audit: AuditLog | undefined,
  stopping: AbortSignal,
): RequestHandlerDeps {
  const { clock, log, metrics } = deps
  const authenticator = new Authenticator({ clock, store: api.store, tokens })
  const rbac = new Rbac(api.store)
  const presenter = new Presenter({ encoder: new ObjectEncoder(), tables: new TableMaker(clock) })
  const objects: ObjectHandlerDeps = { ...api, presenter, rbac }
  const review: DispatcherDeps['review'] = (served, target, context) =>
    answerReview({ rbac, authenticator }, served, target, context)
  const subresources = createSubresources(objects, tokens, config.kubelets ?? new Map())
  const paths = new PathHandlers(
    { kinds: api.kinds, metrics, tokens, openApi: new OpenApi(api.kinds) },
    { serverAddress: config.advertise ?? '127.0.0.1:443' },
  )
  return {
    log,
    audit,
    authenticator,
    rbac,
    dispatcher: new Dispatcher(
      { ...objects, subresources, review },
      { bookmarkInterval: config.bookmarkInterval ?? BOOKMARK_INTERVAL_MS },
    ),
    paths,
    count: metrics.counter('apiserver_request_total', 'Requests answered', ['verb', 'resource', 'code']),
    stopping,
  }
}
