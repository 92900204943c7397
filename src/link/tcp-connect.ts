/**
 * The first legs of a dial: TCP to the endpoint, or to an HTTP proxy that is asked to connect to it.
 */
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TimeoutError } from '../core/errors.ts'
import { AddressRace, addressesOf } from './addresses.ts'
import { authorityOf, type DialDeps, type DialTarget, dialTimeouts, resolverOf } from './dial-target.ts'
import { LinkLostError, PeerRefusedError } from './errors.ts'
import { type ConnectResponse, ConnectResponseReader, connectRequest } from './http-connect.ts'
import { failed, opening } from './opening.ts'

/** Bytes both ways with the endpoint. Throws LinkLostError, TimeoutError, or PeerRefusedError when the proxy refuses. */
export async function connectTarget(
  deps: DialDeps,
  target: DialTarget,
  signal: AbortSignal,
): Promise<Duplex> {
  const { httpProxy, timeouts = dialTimeouts(undefined) } = target
  if (httpProxy === undefined) return await connectHost(deps, target.endpoint, timeouts.connectMs, signal)
  // Before TCP: a credential that is missing is no reason to bother the proxy.
  const credentials = await proxyCredentials(deps, httpProxy.credentials, signal)
  const socket = await connectHost(deps, httpProxy, timeouts.connectMs, signal)
  const authority = authorityOf(target.endpoint)
  const response = await opening<ConnectResponse>(
    deps.clock,
    socket,
    {
      what: `asking the proxy ${authorityOf(httpProxy)} for ${authority}`,
      timeoutMs: timeouts.handshakeMs,
      signal,
    },
    (resolve, reject) => askProxy(socket, connectRequest(authority, credentials), resolve, reject),
  )
  requireTunnel(socket, response, authorityOf(httpProxy), credentials !== undefined)
  return socket
}

async function proxyCredentials(
  { readSecret }: DialDeps,
  key: NonNullable<DialTarget['httpProxy']>['credentials'],
  signal: AbortSignal,
): Promise<string | undefined> {
  if (key === undefined) return undefined
  if (readSecret === undefined) throw new PeerRefusedError('proxy', 'this router reads no Secrets')
  try {
    return await readSecret(key, signal)
  } catch (cause) {
    throw new PeerRefusedError('proxy', 'the proxy cannot be asked', { cause })
  }
}

async function connectHost(
  deps: DialDeps,
  where: { readonly host: string; readonly port: number },
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Socket> {
  const what = `connecting to ${authorityOf(where)}`
  const scope = new AbortController()
  const tooLong = () => scope.abort(new TimeoutError(`${what} took longer than ${timeoutMs} ms`))
  const cancel = deps.clock.after(timeoutMs, tooLong)
  const bounded = AbortSignal.any([signal, scope.signal])
  try {
    const addresses = await orAborted(addressesOf(resolverOf(deps), where.host), bounded)
    return await new AddressRace(deps.clock, addresses, where.port).run(bounded)
  } catch (error) {
    if (bounded.aborted) throw bounded.reason
    throw error instanceof LinkLostError ? error : failed(what, error as Error)
  } finally {
    cancel()
  }
}

/** A lookup cannot be cancelled; it is only not waited for. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(signal.reason)
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** What came behind the answer is put back, for whoever reads next. */
function askProxy(
  socket: Socket,
  request: string,
  resolve: (response: ConnectResponse) => void,
  reject: (error: unknown) => void,
): void {
  const reader = new ConnectResponseReader()
  const onData = (chunk: Buffer): void => {
    try {
      const response = reader.push(chunk)
      if (response === undefined) return
      socket.off('data', onData).pause()
      if (response.rest.length > 0) socket.unshift(response.rest)
      resolve(response)
    } catch (error) {
      socket.off('data', onData)
      reject(error)
    }
  }
  socket.on('data', onData)
  socket.write(request)
}

function requireTunnel(
  socket: Socket,
  { status, reason }: ConnectResponse,
  proxy: string,
  hadCredentials: boolean,
): void {
  if (status >= 200 && status < 300) return
  socket.on('error', () => {}).destroy()
  const answer = `${status} ${reason}`.trim()
  if (status === 407) {
    const why = hadCredentials ? 'refused the credentials' : 'wants credentials'
    throw new PeerRefusedError('proxy', `the proxy ${proxy} ${why}: ${answer}`)
  }
  // The proxy is well and its target is not: the network's fault.
  if (status >= 502 && status <= 504)
    throw new LinkLostError(`the proxy ${proxy} does not get through: ${answer}`)
  throw new PeerRefusedError('proxy', `the proxy ${proxy} refused to connect: ${answer}`)
}
