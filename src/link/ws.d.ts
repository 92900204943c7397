/**
 * The part of the `ws` library that links use; the library ships no types.
 */
declare module 'ws' {
  import type { EventEmitter } from 'node:events'
  import type { ClientRequest, IncomingMessage } from 'node:http'
  import type { Duplex } from 'node:stream'

  interface DialOptions {
    readonly autoPong?: boolean
    readonly createConnection?: () => Duplex
    readonly followRedirects?: boolean
    readonly headers?: Readonly<Record<string, string>>
    readonly maxHeaderSize?: number
    readonly maxPayload?: number
    readonly perMessageDeflate?: boolean
    readonly skipUTF8Validation?: boolean
  }

  interface ServerOptions {
    readonly autoPong: boolean
    readonly clientTracking: boolean
    readonly handleProtocols: (protocols: ReadonlySet<string>) => string | false
    readonly maxPayload: number
    readonly noServer: boolean
    readonly perMessageDeflate: boolean
    readonly skipUTF8Validation: boolean
  }

  interface SendOptions {
    readonly binary: boolean
    readonly compress: boolean
  }

  interface WebSocketEvents {
    open: []
    message: [data: Buffer, isBinary: boolean]
    ping: [data: Buffer]
    close: [code: number, reason: Buffer]
    error: [error: Error]
    'unexpected-response': [request: ClientRequest, response: IncomingMessage]
  }

  export class WebSocket extends EventEmitter<WebSocketEvents> {
    constructor(url: string, protocols: readonly string[], options?: DialOptions)
    readonly bufferedAmount: number
    close(code?: number, reason?: string): void
    pause(): void
    pong(data: Buffer): void
    resume(): void
    send(data: Buffer | string, options: SendOptions, done: (error?: Error) => void): void
    terminate(): void
  }

  export class WebSocketServer {
    constructor(options: ServerOptions)
    handleUpgrade(
      request: IncomingMessage,
      socket: Duplex,
      head: Buffer,
      done: (socket: WebSocket) => void,
    ): void
  }
}
