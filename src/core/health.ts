/**
 * /livez, /readyz and /metrics on one HTTP port, for Kubernetes probes and Prometheus, and what else a process tells.
 */
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Startable } from './lifecycle.ts'
import type { Metrics } from './metrics.ts'

/** Makes a JSON document when it is asked for. Throws nothing. */
export type JsonDocument = (query: URLSearchParams) => { readonly status: number; readonly value: unknown }

export interface HealthDeps {
  readonly metrics: Metrics
  /** Names of what is not ready yet; empty means ready. */
  readonly notReady: () => readonly string[]
  /** Further documents, by path. */
  readonly documents?: ReadonlyMap<string, JsonDocument>
}

export interface HealthConfig {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
}

/** Serves the three paths and the documents, anything else is 404. */
export class HealthServer implements Startable {
  readonly #deps: HealthDeps
  readonly #config: HealthConfig
  readonly #server: Server

  constructor(deps: HealthDeps, config: HealthConfig) {
    this.#deps = deps
    this.#config = config
    this.#server = createServer((request, response) => void this.#answer(request.url ?? '', response))
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(this.#config.port, this.#config.host, () => {
        this.#server.off('error', reject)
        resolve()
      })
    })
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  async #answer(url: string, response: ServerResponse): Promise<void> {
    const [path = '', query] = url.split('?')
    switch (path) {
      case '/livez':
        return reply(response, 200, 'ok\n')
      case '/readyz': {
        const missing = this.#deps.notReady()
        return reply(
          response,
          missing.length === 0 ? 200 : 503,
          missing.length === 0 ? 'ok\n' : `not ready: ${missing.join(', ')}\n`,
        )
      }
      case '/metrics':
        return reply(response, 200, await this.#deps.metrics.text())
      default: {
        const document = this.#deps.documents?.get(path)
        if (document === undefined) return reply(response, 404, 'not found\n')
        const { status, value } = document(new URLSearchParams(query))
        return reply(response, status, `${JSON.stringify(value)}\n`, 'application/json')
      }
    }
  }
}

function reply(
  response: ServerResponse,
  status: number,
  body: string,
  contentType = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, { 'content-type': contentType })
  response.end(body)
}
