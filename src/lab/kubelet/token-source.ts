/** Service account tokens of pods: asked for by TokenRequest (authentication.k8s.io/v1), renewed before they expire. */
import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import type { Clock } from '../../core/clock.ts'
import type { CredentialSource } from '../../kube/credentials.ts'
import { LabError } from '../errors.ts'
import { TOKEN_RENEW_AT, TOKEN_REQUEST_TIMEOUT, TOKEN_SECONDS } from './limits.ts'
import type { LabPod } from './pod.ts'
import type { TokenRequest } from './volume-files.ts'

export interface TokenSourceDeps {
  readonly clock: Clock
  readonly credentials: CredentialSource
}

interface KeptToken {
  readonly token: string
  /** Monotonic milliseconds. */
  readonly renewAt: number
}

export class TokenSource {
  readonly #deps: TokenSourceDeps
  /** By pod, then by what was asked for. Forgotten with the pod. */
  readonly #kept = new Map<string, Map<string, KeptToken>>()

  constructor(deps: TokenSourceDeps) {
    this.#deps = deps
  }

  /** The same token until most of its life is over. */
  async token(pod: LabPod, wanted: TokenRequest): Promise<string> {
    const uid = pod.metadata.uid ?? ''
    const tokens = this.#kept.get(uid) ?? new Map<string, KeptToken>()
    this.#kept.set(uid, tokens)
    const key = JSON.stringify(wanted)
    const kept = tokens.get(key)
    const now = this.#deps.clock.monotonic()
    if (kept !== undefined && now < kept.renewAt) return kept.token
    const seconds = wanted.seconds ?? TOKEN_SECONDS
    const token = await this.#request(pod, { ...wanted, seconds })
    tokens.set(key, { token, renewAt: now + seconds * 1_000 * TOKEN_RENEW_AT })
    return token
  }

  /** The pod is gone. */
  forget(uid: string): void {
    this.#kept.delete(uid)
  }

  async #request(pod: LabPod, { audience, seconds }: TokenRequest): Promise<string> {
    const { namespace = 'default', name = '', uid = '' } = pod.metadata
    const account = pod.spec?.serviceAccountName ?? 'default'
    const answer = await this.#post(`/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: {},
      spec: {
        ...(audience !== undefined && { audiences: [audience] }),
        expirationSeconds: seconds,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
      },
    })
    const token = (answer as { status?: { token?: string } }).status?.token
    if (token === undefined) throw new LabError(`the API server gave no token for service account ${account}`)
    return token
  }

  async #post(path: string, body: unknown): Promise<unknown> {
    const { credentials } = this.#deps
    const { tls, headers } = await credentials.load()
    const answered = Promise.withResolvers<import('node:http').IncomingMessage>()
    const url = new URL(credentials.server + path)
    const call = request(
      url,
      {
        method: 'POST',
        agent: false,
        headers: { ...headers, 'content-type': 'application/json' },
        signal: AbortSignal.timeout(TOKEN_REQUEST_TIMEOUT),
        ca: tls.ca,
        cert: tls.cert,
        key: tls.key,
      },
      answered.resolve,
    )
    call.once('error', answered.reject)
    call.end(JSON.stringify(body))
    const response = await answered.promise
    const answer = await text(response)
    if (response.statusCode !== 200 && response.statusCode !== 201) {
      throw new LabError(`POST ${path}: status ${response.statusCode}: ${answer.slice(0, 200)}`)
    }
    return JSON.parse(answer)
  }
}
