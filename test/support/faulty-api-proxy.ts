/** Stands between a client (plain HTTP) and a real API server (HTTPS) and spoils what a test wants spoiled. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Agent, request as forward } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { CredentialSource } from '../../src/kube/credentials.ts'

export interface FaultyProxy {
  readonly credentials: CredentialSource
  /** Lists and watches that passed so far. */
  readonly seen: { lists: number; watches: number }
  /** Breaks the connection of each watch after so many bytes of it, mid-line; undefined lets them live. */
  cutWatchesAfter(bytes: number | undefined): void
  /** Answers the next watches with 410. */
  expireWatches(count: number): void
  /** Breaks every connection now. */
  dropAll(): void
  stop(): Promise<void>
}

export async function startFaultyProxy(target: CredentialSource): Promise<FaultyProxy> {
  const { tls } = await target.load()
  const agent = new Agent({ ...tls, keepAlive: true })
  const seen = { lists: 0, watches: 0 }
  let cutAfter: number | undefined
  let expire = 0
  const server = createServer((request, response) => {
    const watch = request.url?.includes('watch=true') ?? false
    if (request.method === 'GET') seen[watch ? 'watches' : 'lists'] += 1
    if (watch && expire > 0) {
      expire -= 1
      return expired(response)
    }
    pass(request, response, watch ? () => cutAfter : () => undefined)
  })
  const pass = (
    request: IncomingMessage,
    response: ServerResponse,
    limit: () => number | undefined,
  ): void => {
    const url = new URL(request.url ?? '/', target.server)
    const upstream = forward(url, {
      agent,
      method: request.method,
      headers: { ...request.headers, host: url.host },
    })
    upstream.on('response', (answer) => relay(answer, response, limit))
    upstream.on('error', () => response.destroy())
    response.on('close', () => upstream.destroy())
    request.pipe(upstream)
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    credentials: { server: `http://127.0.0.1:${port}`, load: async () => ({ tls: {}, headers: {} }) },
    seen,
    cutWatchesAfter: (bytes) => {
      cutAfter = bytes
    },
    expireWatches: (count) => {
      expire = count
    },
    dropAll: () => server.closeAllConnections(),
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      agent.destroy()
    },
  }
}

function relay(answer: IncomingMessage, response: ServerResponse, limit: () => number | undefined): void {
  response.writeHead(answer.statusCode ?? 502, answer.headers)
  response.flushHeaders()
  let passed = 0
  answer.on('data', (chunk: Buffer) => {
    const left = (limit() ?? Number.POSITIVE_INFINITY) - passed
    passed += chunk.length
    if (chunk.length <= left) return void response.write(chunk)
    response.write(chunk.subarray(0, Math.max(0, left)), () => response.destroy())
  })
  answer.on('end', () => response.end())
  answer.on('error', () => response.destroy())
}

function expired(response: ServerResponse): void {
  response.writeHead(410, { 'content-type': 'application/json' })
  const message = 'too old resource version'
  response.end(JSON.stringify({ kind: 'Status', status: 'Failure', code: 410, reason: 'Expired', message }))
}
