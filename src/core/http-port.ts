/**
 * An HTTP server on one port, as a part of a process.
 */
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Startable } from './lifecycle.ts'

export interface HttpPortConfig {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  /** Connections held at once; more are closed. Default: any number. */
  readonly maxConnections?: number
}

/** Serves from `start` to `stop`. */
export class HttpPort implements Startable {
  readonly #config: HttpPortConfig
  readonly #server: Server

  constructor(answer: RequestListener, config: HttpPortConfig) {
    this.#config = config
    this.#server = createServer(answer)
    if (config.maxConnections !== undefined) this.#server.maxConnections = config.maxConnections
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
}

/** Ends the response with that body. */
export function reply(
  response: ServerResponse,
  status: number,
  body: string,
  contentType = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, { 'content-type': contentType })
  response.end(body)
}
