/**
 * A TLS connection to whoever invited: nothing is sent before the chain that was shown leads to the pinned root and is
 * that of a controller of the founder.
 */
import type { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import type { Clock } from '../../core/clock.ts'
import { describeError, FairleadError, TimeoutError } from '../../core/errors.ts'
import { certificateSha256, verifyChain } from '../../pki/chain.ts'
import { ChainError, IdentityError } from '../../pki/errors.ts'
import { certificateIdentity, Role } from '../../pki/identity.ts'
import { MAX_CHAIN } from '../../pki/limits.ts'
import { REDEEM_TIMES } from './limits.ts'

/** Where to, and who must be there. */
export interface Pin {
  readonly host: string
  readonly port: number
  /** SHA-256 of the root, hexadecimal. */
  readonly caHash: string
  readonly founder: string
  /** Undefined takes the one that the founder is in. */
  readonly clusterset?: string | undefined
}

/** Somebody else answers there. The code was not sent. */
export class UntrustedError extends FairleadError {
  override readonly name = 'UntrustedError'

  constructor(message: string, options: ErrorOptions = {}) {
    super('untrusted', message, options)
  }
}

/** A connection, and what was learned from the chain. */
export interface PinnedConnection {
  readonly socket: TLSSocket
  readonly clusterset: string
  readonly root: X509Certificate
}

/** Throws UntrustedError when the wrong one answers, other errors when nobody does. */
export async function connectPinned(pin: Pin, clock: Clock, signal: AbortSignal): Promise<PinnedConnection> {
  const socket = await handshake(pin, clock, signal)
  try {
    return { socket, ...verified(presented(socket), pin, clock.now()) }
  } catch (error) {
    socket.destroy()
    throw error
  }
}

async function handshake({ host, port }: Pin, clock: Clock, signal: AbortSignal): Promise<TLSSocket> {
  signal.throwIfAborted()
  const done = Promise.withResolvers<void>()
  const socket = connect(tlsOptions(host, port), () => done.resolve())
  socket.on('error', (error) => done.reject(error))
  const onAbort = (): void => done.reject(signal.reason)
  signal.addEventListener('abort', onAbort)
  const cancel = clock.after(REDEEM_TIMES.connect, () =>
    done.reject(new TimeoutError(`connecting took longer than ${REDEEM_TIMES.connect} ms`)),
  )
  try {
    await done.promise
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    cancel()
    signal.removeEventListener('abort', onAbort)
  }
}

/** The authority is checked by us afterwards: only its hash is known, so OpenSSL cannot. It still proves that the key is there. */
function tlsOptions(host: string, port: number): ConnectionOptions {
  return {
    host,
    port,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.3',
    ALPNProtocols: ['http/1.1'],
    ...(isIP(host) === 0 ? { servername: host } : {}),
  }
}

/** What the other side has shown, leaf first. */
function presented(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = []
  let next = socket.getPeerX509Certificate()
  while (next !== undefined && chain.length < MAX_CHAIN) {
    chain.push(next)
    next = next.issuerCertificate
  }
  return chain
}

/** Throws UntrustedError. */
export function verified(
  chain: readonly X509Certificate[],
  { caHash, founder, clusterset }: Pin,
  now: number,
): Omit<PinnedConnection, 'socket'> {
  const root = chain.find((certificate) => certificateSha256(certificate) === caHash)
  const [leaf] = chain
  if (leaf === undefined || root === undefined)
    throw new UntrustedError('its certificate does not lead to the root that the invite names')
  try {
    const anchors = { clusterset: clusterset ?? certificateIdentity(leaf).clusterset, roots: [root] }
    const { identity } = verifyChain(chain, anchors, now)
    if (identity.role !== Role.controller || identity.cluster !== founder)
      throw new UntrustedError(
        `it is the ${identity.role} of cluster ${identity.cluster}, which did not invite`,
      )
    return { clusterset: identity.clusterset, root }
  } catch (error) {
    if (error instanceof ChainError || error instanceof IdentityError)
      throw new UntrustedError(`its certificate is not good: ${describeError(error)}`, { cause: error })
    throw error
  }
}
