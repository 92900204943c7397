/**
 * The global address of one flow's client, and the source port that stands for it at the backend the flow has now.
 */
import { isIPv4 } from 'node:net'
import type { Protocol } from '../../api/objects.ts'
import type { AddressAndPort } from '../proxy-protocol/addresses.ts'
import { PORT_TRIES, SLOT_WAITS } from './limits.ts'
import type { SourceUse, TakenPort } from './source-slots.ts'

/** An answer to who wants a source port. */
export type SourcePort =
  | { readonly kind: 'port'; readonly taken: TakenPort }
  /** Nobody translates: any port will do. */
  | { readonly kind: 'any' }
  /** To be asked again after that. */
  | { readonly kind: 'wait'; readonly ready: Promise<void> }
  | { readonly kind: 'refused'; readonly reason: string }

/** The source ports of this router. */
export interface SourcePorts {
  take(use: SourceUse): SourcePort
  /** `rests`: the connection may be in TIME_WAIT, or the kernel says that the port is in use. */
  give(taken: TakenPort, rests: boolean): void
  /** Counts a flow that is refused; what its client is told. */
  refuse(cause: string, text: string): string
}

/** What becomes of a wish for a port: one of these is called, at once or later, unless it is given up before. */
export interface PortWish {
  /** Undefined: any port will do, for nobody translates it. */
  connect(localPort: number | undefined): void
  refused(reason: string): void
}

/** What the kernel says when somebody else has the port: a socket of another part, or an old connection. */
const TAKEN: ReadonlySet<string> = new Set(['EADDRINUSE', 'EADDRNOTAVAIL'])

export class FlowSource {
  readonly address: string
  readonly #sources: SourcePorts
  readonly #cluster: string
  readonly #protocol: Protocol
  #taken: TakenPort | undefined
  /** Whose answer is waited for. */
  #wish: PortWish | undefined
  #waits = 0
  #tries = 0

  constructor(sources: SourcePorts, cluster: string, address: string, protocol: Protocol) {
    this.#sources = sources
    this.#cluster = cluster
    this.address = address
    this.#protocol = protocol
  }

  /** A port is on its way. */
  get waiting(): boolean {
    return this.#wish !== undefined
  }

  /** Asks for a port towards a backend; one of IPv6 knows no global addresses. */
  acquire(backend: AddressAndPort, wish: PortWish): void {
    this.#waits = 0
    if (isIPv4(backend.address)) this.#ask(backend, wish)
    else wish.connect(undefined)
  }

  /** Whether a connect that failed so is to be tried with another port: `acquire` again. */
  isTaken(code: string): boolean {
    return this.#taken !== undefined && TAKEN.has(code) && this.#tries < PORT_TRIES
  }

  /** The kernel has it in use: it rests. */
  passOver(): void {
    this.#tries += 1
    this.release(true)
  }

  /** Gives the port back, or the wish for one up. `rests`: the connection may be in TIME_WAIT. */
  release(rests: boolean): void {
    this.#wish = undefined
    if (this.#taken !== undefined) this.#sources.give(this.#taken, rests)
    this.#taken = undefined
  }

  #ask(backend: AddressAndPort, wish: PortWish): void {
    this.#wish = undefined
    const { address, port } = backend
    const use = { cluster: this.#cluster, address: this.address, protocol: this.#protocol }
    const answer = this.#sources.take({ ...use, backend: `${address}:${port}` })
    if (answer.kind === 'wait') this.#wait(answer.ready, backend, wish)
    else if (answer.kind === 'refused') wish.refused(answer.reason)
    else {
      this.#taken = answer.kind === 'port' ? answer.taken : undefined
      wish.connect(this.#taken?.port)
    }
  }

  #wait(ready: Promise<void>, backend: AddressAndPort, wish: PortWish): void {
    this.#waits += 1
    if (this.#waits > SLOT_WAITS) {
      wish.refused(this.#sources.refuse('waits', `others take all new source ports for ${this.address}`))
      return
    }
    this.#wish = wish
    void ready.then(() => {
      if (this.#wish === wish) this.#ask(backend, wish)
    })
  }
}
