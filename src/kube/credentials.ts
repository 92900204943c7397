/**
 * Which API server to talk to and how to prove who we are. The only user of @kubernetes/client-node, which is
 * loaded when first asked for because it costs 200 ms.
 */
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { KubeConfig } from '@kubernetes/client-node/dist/config.js'
import { describeError } from '../core/errors.ts'
import { KubeConfigError } from './errors.ts'

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

/** TLS options of a connection; undefined values are the platform's defaults. */
export interface TlsMaterial {
  readonly ca?: Buffer | string | undefined
  readonly cert?: Buffer | string | undefined
  readonly key?: Buffer | string | undefined
  readonly servername?: string | undefined
  readonly rejectUnauthorized?: boolean | undefined
}

export interface Credentials {
  readonly tls: TlsMaterial
  /** Authorization and impersonation headers. */
  readonly headers: Readonly<Record<string, string>>
}

/** One API server and the user we are there. `load` reads files and runs plugins again, so that renewals are seen. */
export interface CredentialSource {
  readonly server: string
  load(): Promise<Credentials>
}

export interface KubeContextOptions {
  /** A kubeconfig file. Default: $KUBECONFIG, then the pod's service account, then ~/.kube/config. */
  readonly kubeconfig?: string | undefined
  /** A context of it. Default: its current context. */
  readonly context?: string | undefined
}

export interface KubeContext extends CredentialSource {
  readonly contextName: string
  /** The context's namespace, the service account's in a pod, else `default`. */
  readonly namespace: string
}

/** Finds the kubeconfig (or the pod's service account) and the context in it. */
export async function loadKubeContext(options: KubeContextOptions = {}): Promise<KubeContext> {
  const config = await readConfig(options.kubeconfig)
  if (options.context !== undefined) selectContext(config, options.context)
  const cluster = config.getCurrentCluster()
  if (cluster === null) throw new KubeConfigError('the kubeconfig has no current context; give --context')
  return {
    server: cluster.server.replace(/\/+$/, ''),
    contextName: config.getCurrentContext(),
    namespace: namespaceOf(config),
    load: () => loadCredentials(config),
  }
}

async function readConfig(file: string | undefined): Promise<KubeConfig> {
  const { KubeConfig } = await import('@kubernetes/client-node/dist/config.js')
  const config = new KubeConfig()
  try {
    if (file !== undefined) config.loadFromFile(file)
    else if (!process.env['KUBECONFIG'] && inPod()) config.loadFromCluster()
    else loadFromDefaultFiles(config)
  } catch (error) {
    throw new KubeConfigError(`cannot read the kubeconfig ${file ?? ''}`.trim(), { cause: error })
  }
  return config
}

function inPod(): boolean {
  return process.env['KUBERNETES_SERVICE_HOST'] !== undefined && existsSync(`${SERVICE_ACCOUNT}/token`)
}

/** client-node would fall back to http://localhost:8080 in silence, so the absence of any file is told here. */
function loadFromDefaultFiles(config: KubeConfig): void {
  const home = join(homedir(), '.kube', 'config')
  const files = process.env['KUBECONFIG']?.split(delimiter).filter((file) => file !== '') ?? [home]
  if (!files.some((file) => existsSync(file))) {
    throw new KubeConfigError(`none of ${files.join(', ')} exists; give --kubeconfig`)
  }
  config.loadFromDefault()
}

function selectContext(config: KubeConfig, name: string): void {
  if (config.getContextObject(name) === null) {
    const known = config.getContexts().map((context) => context.name)
    throw new KubeConfigError(`no context ${name} in the kubeconfig; it has ${known.join(', ') || 'none'}`)
  }
  config.setCurrentContext(name)
}

function namespaceOf(config: KubeConfig): string {
  const chosen = config.getContextObject(config.getCurrentContext())?.namespace
  if (chosen) return chosen
  return inPod() ? readFileSync(`${SERVICE_ACCOUNT}/namespace`, 'utf8').trim() : 'default'
}

type HttpsOptions = Parameters<KubeConfig['applyToHTTPSOptions']>[0]

async function loadCredentials(config: KubeConfig): Promise<Credentials> {
  const options: HttpsOptions & TlsMaterial = {}
  try {
    await config.applyToHTTPSOptions(options)
  } catch (error) {
    throw new KubeConfigError(`cannot load the credentials: ${describeError(error)}`, { cause: error })
  }
  const { ca, cert, key, servername, rejectUnauthorized, auth } = options
  const headers = Object.fromEntries(
    Object.entries(options.headers ?? {}).map(([name, value]) => [name, String(value).trim()]),
  )
  if (auth) headers['Authorization'] = `Basic ${Buffer.from(auth).toString('base64')}`
  return { tls: { ca, cert, key, servername, rejectUnauthorized }, headers }
}
