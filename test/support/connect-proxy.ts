/** An HTTP CONNECT proxy on loopback, with and without credentials. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'

export class ConnectProxy implements AsyncDisposable {
  readonly #server: Server
  readonly #credentials: string | undefined
  readonly #sockets = new Set<Duplex>()
  /** What was asked for, in order. */
  readonly asked: string[] = []

  private constructor(credentials: string | undefined) {
    this.#credentials = credentials
    this.#server = createServer((_, response) => response.writeHead(405).end())
    this.#server.on('connect', (request, socket: Socket, head: Buffer) => {
      this.asked.push(request.url ?? '')
      if (this.#lets(request.headers['proxy-authorization'])) this.#tunnel(request.url ?? '', socket, head)
      else
        socket.end(
          'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="x"\r\n\r\n',
        )
    })
  }

  /** `credentials` is user:password; absent: everybody may pass. */
  static async start(credentials?: string): Promise<ConnectProxy> {
    const proxy = new ConnectProxy(credentials)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #lets(header: string | undefined): boolean {
    if (this.#credentials === undefined) return true
    return header === `Basic ${Buffer.from(this.#credentials).toString('base64')}`
  }

  #tunnel(authority: string, near: Duplex, head: Buffer): void {
    const { hostname, port } = new URL(`http://${authority}`)
    const far = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port), allowHalfOpen: true })
    this.#sockets.add(near).add(far)
    near.on('error', () => far.destroy()).on('close', () => far.destroy())
    far.on('error', () => near.destroy()).on('close', () => near.destroy())
    far.once('connect', () => {
      near.write('HTTP/1.1 200 Connection established\r\nVia: 1.1 test\r\n\r\n')
      far.write(head)
      near.pipe(far).pipe(near)
    })
  }
}
