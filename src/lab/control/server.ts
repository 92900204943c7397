/** The lab's control socket: reads one request a connection and keeps the connection as the asker's lease. */
import { createServer, type Server, type Socket } from 'node:net'
import { describeError } from '../../core/errors.ts'
import type { Startable } from '../../core/lifecycle.ts'
import type { Logger } from '../../core/log.ts'
import { MAX_CONTROL_CONNECTIONS } from '../limits.ts'
import { readLines } from './line-reader.ts'
import type { ControlReply, ControlRequest } from './protocol.ts'

/** Answers a request. `gone` aborts when the asker closes its connection. */
export type ControlHandler = (request: ControlRequest, gone: AbortSignal) => Promise<unknown>

export interface ControlServerDeps {
  readonly log: Logger
  readonly handle: ControlHandler
}

export interface ControlServerConfig {
  readonly path: string
}

export class ControlServer implements Startable {
  readonly #deps: ControlServerDeps
  readonly #config: ControlServerConfig
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  constructor(deps: ControlServerDeps, config: ControlServerConfig) {
    this.#deps = deps
    this.#config = config
    this.#server = createServer((socket) => void this.#serve(socket))
    this.#server.maxConnections = MAX_CONTROL_CONNECTIONS
  }

  async start(): Promise<void> {
    const listening = Promise.withResolvers<void>()
    this.#server.once('error', listening.reject)
    this.#server.listen({ path: this.#config.path }, listening.resolve)
    await listening.promise
    this.#server.off('error', listening.reject)
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  async #serve(socket: Socket): Promise<void> {
    const gone = new AbortController()
    this.#sockets.add(socket)
    socket.on('error', (error) =>
      this.#deps.log.debug({ error: describeError(error) }, 'control connection broke'),
    )
    socket.once('close', () => {
      this.#sockets.delete(socket)
      gone.abort()
    })
    try {
      for await (const line of readLines(socket)) {
        socket.write(`${JSON.stringify(await this.#answer(line, gone.signal))}\n`)
      }
    } catch (error) {
      this.#deps.log.debug({ error: describeError(error) }, 'control connection broke')
      socket.destroy()
    }
  }

  async #answer(line: string, gone: AbortSignal): Promise<ControlReply> {
    try {
      const request = JSON.parse(line) as ControlRequest
      return { ok: true, result: (await this.#deps.handle(request, gone)) ?? null }
    } catch (error) {
      this.#deps.log.debug({ error: describeError(error) }, 'control command failed')
      return { ok: false, message: describeError(error) }
    }
  }
}
