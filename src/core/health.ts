/**
 * /livez, /readyz and /metrics on one HTTP port, for Kubernetes probes and Prometheus.
 */
import type { ServerResponse } from 'node:http'
import { HttpPort, type HttpPortConfig, reply } from './http-port.ts'
import type { Startable } from './lifecycle.ts'
import type { Metrics } from './metrics.ts'

export interface HealthDeps {
  readonly metrics: Metrics
  /** Names of what is not ready yet; empty means ready. */
  readonly notReady: () => readonly string[]
}

/** Serves the three paths, anything else is 404. */
export class HealthServer implements Startable {
  readonly #deps: HealthDeps
  readonly #http: HttpPort

  constructor(deps: HealthDeps, config: HttpPortConfig) {
    this.#deps = deps
    this.#http = new HttpPort((request, response) => void this.#answer(request.url ?? '', response), config)
  }

  get port(): number {
    return this.#http.port
  }

  start(): Promise<void> {
    return this.#http.start()
  }

  stop(): Promise<void> {
    return this.#http.stop()
  }

  async #answer(url: string, response: ServerResponse): Promise<void> {
    switch (url.split('?')[0]) {
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
      default:
        return reply(response, 404, 'not found\n')
    }
  }
}
