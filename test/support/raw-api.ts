/** The embedded API server over plain HTTPS: requests as any user, and watches read line by line. */

import type { IncomingMessage } from 'node:http'
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https'
import { createInterface } from 'node:readline'
import { type Clock, systemClock } from '../../src/core/clock.ts'
import { silentLogger } from '../../src/core/log.ts'
import { createMetrics } from '../../src/core/metrics.ts'
import { type ApiServer, type ApiServerConfig, startApiServer } from '../../src/lab/api-server/server.ts'
import { createAuthority, issueCertificate, type KeyPair } from '../../src/pki/certificates.ts'

export interface Credentials {
  readonly cert?: string
  readonly key?: string
  readonly token?: string
}

export interface RawRequest {
  readonly body?: unknown
  readonly type?: string
  readonly accept?: string
  readonly as?: Credentials
}

// biome-ignore lint/suspicious/noExplicitAny: answers are checked by the tests that read them
export type Answer = { status: number; body: any; headers: IncomingMessage['headers'] }

export interface RawApi {
  readonly port: number
  readonly server: ApiServer
  readonly authority: KeyPair
  readonly admin: Credentials
  /** A certificate of this cluster's authority for a user. */
  user(name: string, group?: string): Promise<Credentials>
  call(method: string, path: string, request?: RawRequest): Promise<Answer>
  watch(path: string, request?: RawRequest): Promise<Watch>
  stop(): Promise<void>
}

export interface Watch {
  readonly status: number
  /** The next event; undefined when the stream ended. */
  // biome-ignore lint/suspicious/noExplicitAny: events are checked by the tests that read them
  next(): Promise<any>
  close(): void
}

export type RawApiOptions = Partial<ApiServerConfig> & {
  readonly clock?: Clock
  readonly authority?: KeyPair
}

/** Starts a server on a free port. */
export async function startRawApi({ clock, authority, ...options }: RawApiOptions = {}): Promise<RawApi> {
  const ca = authority ?? (await createAuthority({ commonName: 'raw test cluster', days: 1 }))
  const serving = await issueCertificate(ca, {
    commonName: 'kube-apiserver',
    ips: ['127.0.0.1'],
    dnsNames: ['localhost'],
    usages: ['server'],
    days: 1,
  })
  const server = await startApiServer(
    { clock: clock ?? systemClock, log: silentLogger, metrics: createMetrics() },
    {
      listen: [{ host: '127.0.0.1', port: 0 }],
      sockets: [],
      tls: { cert: serving.certPem, key: serving.keyPem, clientCa: ca.certPem },
      ...options,
    },
  )
  return connectRawApi(server, ca)
}

async function connectRawApi(server: ApiServer, ca: KeyPair): Promise<RawApi> {
  const agent = new Agent({ keepAlive: true })
  const user = (name: string, group?: string) => clientCertificate(ca, name, group)
  const admin = await user('admin', 'system:masters')
  const port = server.ports[0] ?? 0
  const send = (method: string, path: string, request: RawRequest) => {
    const { as = admin } = request
    return open({ host: '127.0.0.1', port, agent, ca: ca.certPem, method, path }, as, request)
  }
  return {
    port,
    server,
    authority: ca,
    admin,
    user,
    async call(method, path, request = {}) {
      const response = await send(method, path, request)
      const text = (await response.setEncoding('utf8').toArray()).join('')
      return { status: response.statusCode ?? 0, body: parse(text), headers: response.headers }
    },
    async watch(path, request = {}) {
      return readWatch(await send('GET', path, request))
    },
    async stop() {
      agent.destroy()
      await server.stop()
    },
  }
}

/** Opens one request and resolves with the answer's headers. */
export function open(
  options: RequestOptions,
  as: Credentials,
  request: RawRequest,
): Promise<IncomingMessage> {
  const body = request.body === undefined ? undefined : encode(request.body)
  const headers = {
    'content-type': request.type ?? 'application/json',
    'content-length': Buffer.byteLength(body ?? ''),
    ...(request.accept === undefined ? {} : { accept: request.accept }),
    ...(as.token === undefined ? {} : { authorization: `Bearer ${as.token}` }),
  }
  return new Promise((resolve, reject) => {
    const sent = httpsRequest({ ...options, cert: as.cert, key: as.key, headers }, resolve)
    sent.once('error', reject)
    sent.end(body)
  })
}

async function clientCertificate(ca: KeyPair, name: string, group?: string): Promise<Credentials> {
  const pair = await issueCertificate(ca, {
    commonName: name,
    ...(group === undefined ? {} : { organization: group }),
    usages: ['client'],
    days: 1,
  })
  return { cert: pair.certPem, key: pair.keyPem }
}

function encode(body: unknown): string | Buffer {
  return typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function readWatch(response: IncomingMessage): Watch {
  const lines = createInterface({ input: response })[Symbol.asyncIterator]()
  return {
    status: response.statusCode ?? 0,
    async next() {
      const { value, done } = await lines.next()
      return done === true ? undefined : JSON.parse(value)
    },
    close: () => response.destroy(),
  }
}
