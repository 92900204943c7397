/** The kubelet's unix socket: readiness for the supervisor, logs for the API server (paths as the real kubelet has them). */

import { rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { describeError } from '../../core/errors.ts'
import type { Startable } from '../../core/lifecycle.ts'
import type { Kubelet } from './kubelet.ts'
import { serveLog } from './log-reader.ts'

export interface KubeletServerDeps {
  readonly kubelet: Kubelet
  /** Names of what is not ready yet; empty means ready. */
  readonly notReady: () => readonly string[]
}

export interface KubeletServerConfig {
  readonly path: string
}

export class KubeletServer implements Startable {
  readonly #deps: KubeletServerDeps
  readonly #config: KubeletServerConfig
  readonly #server: Server

  constructor(deps: KubeletServerDeps, config: KubeletServerConfig) {
    this.#deps = deps
    this.#config = config
    this.#server = createServer((request, response) => this.#answer(request, response))
  }

  async start(): Promise<void> {
    // Left behind by a node process that was killed.
    await rm(this.#config.path, { force: true })
    const listening = Promise.withResolvers<void>()
    this.#server.once('error', listening.reject)
    this.#server.listen({ path: this.#config.path }, listening.resolve)
    await listening.promise
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://kubelet')
    try {
      this.#route(url, response)
    } catch (error) {
      reply(response, 500, `${describeError(error)}\n`)
    }
  }

  #route(url: URL, response: ServerResponse): void {
    const [, first = '', ...rest] = url.pathname.split('/').map(decodeURIComponent)
    switch (first) {
      case 'containerLogs':
        this.#logs(rest, url.searchParams, response)
        break
      case 'runningContainers':
        reply(response, 200, JSON.stringify(this.#deps.kubelet.running()))
        break
      case 'placedPods':
        reply(response, 200, JSON.stringify(this.#deps.kubelet.placed()))
        break
      case 'readyz':
        this.#ready(response)
        break
      default:
        reply(response, 404, 'not found\n')
    }
  }

  #ready(response: ServerResponse): void {
    const missing = this.#deps.notReady()
    if (missing.length === 0) reply(response, 200, 'ok\n')
    else reply(response, 503, `not ready: ${missing.join(', ')}\n`)
  }

  #logs(path: readonly string[], query: URLSearchParams, response: ServerResponse): void {
    const [namespace = '', pod = '', container = ''] = path
    const previous = query.get('previous') === 'true'
    const runner = this.#deps.kubelet.runner(namespace, pod, container)
    const log = runner?.log(previous ? 'previous' : 'current')
    if (log !== undefined) serveLog(log, query, response)
    else if (runner === undefined) {
      reply(response, 404, `container "${container}" in pod "${pod}" is not known here\n`)
    } else {
      const which = previous ? 'previous terminated container' : 'container'
      reply(response, 400, `${which} "${container}" in pod "${pod}" is waiting to start or not found\n`)
    }
  }
}

function reply(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' })
  response.end(body)
}
