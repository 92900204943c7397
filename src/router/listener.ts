/**
 * One listening TCP port of the router.
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { ListenerSpec } from '../api/route-snapshot.ts'
import { errorCode } from '../core/errors.ts'
import { FLOW_SOCKET_OPTIONS } from './flow-socket.ts'
import { LISTEN_BACKLOG } from './limits.ts'
import { PortListener, type PortListenerDeps } from './port-listener.ts'

export interface ListenerDeps extends PortListenerDeps {
  readonly accept: (spec: ListenerSpec, socket: Socket) => void
}

export class Listener extends PortListener {
  readonly #deps: ListenerDeps
  #server: Server | undefined

  constructor(deps: ListenerDeps, host: string, spec: ListenerSpec) {
    super(deps, host, spec)
    this.#deps = deps
  }

  override get boundPort(): number | undefined {
    const address = this.#server?.address() as AddressInfo | null | undefined
    return address?.port
  }

  /** Accepted connections are not touched when it closes. */
  override get busy(): boolean {
    return false
  }

  protected override bind(): void {
    const server = createServer(FLOW_SOCKET_OPTIONS, (socket) => this.#deps.accept(this.spec, socket))
    this.#server = server
    server.on('listening', () => this.bound())
    server.on('error', (error) => this.#failed(server, error))
    server.listen({ port: this.spec.listenPort, host: this.host, backlog: LISTEN_BACKLOG })
  }

  protected override unbind(): void {
    this.#server?.close()
    this.#server = undefined
  }

  #failed(server: Server, error: Error): void {
    if (server !== this.#server) return
    const code = errorCode(error) ?? error.message
    if (server.listening) this.log.warn({ err: code }, 'a connection could not be accepted')
    else this.bindFailed(code)
  }
}
