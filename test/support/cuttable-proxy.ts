/** A TCP relay on loopback that can swallow everything, as a network that drops packets does. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export class CuttableProxy implements AsyncDisposable {
  readonly #server: Server
  #target: number
  readonly #sockets = new Set<Socket>()
  #cut = false

  private constructor(target: number) {
    this.#target = target
    this.#server = createServer((socket) => this.#relay(socket))
  }

  static async to(target: number): Promise<CuttableProxy> {
    const proxy = new CuttableProxy(target)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** New connections go to another port, as when a router is replaced. */
  retarget(port: number): void {
    this.#target = port
  }

  /** From now on nothing passes, and nobody is told. */
  cut(): void {
    this.#cut = true
  }

  /** New connections pass again; what was caught by the cut stays dead. */
  heal(): void {
    this.#cut = false
  }

  /** Resets all connections, as a crash of the other side does. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #relay(client: Socket): void {
    const dead = this.#cut
    const server = connect({ host: '127.0.0.1', port: this.#target })
    this.#join(client, server, dead)
    this.#join(server, client, dead)
  }

  #join(from: Socket, to: Socket, dead: boolean): void {
    let lost = dead
    this.#sockets.add(from)
    from.on('data', (chunk) => {
      lost ||= this.#cut
      if (!lost) to.write(chunk)
    })
    from.on('error', () => {})
    from.on('close', () => {
      this.#sockets.delete(from)
      lost ||= this.#cut
      if (!lost) to.destroy()
    })
  }
}
