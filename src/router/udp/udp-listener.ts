/**
 * One listening UDP port of the router: tells its clients apart and answers each from the address it knows.
 */
import type { Socket } from 'node:dgram'
import type { ListenerSpec } from '../../api/route-snapshot.ts'
import { errorCode } from '../../core/errors.ts'
import { PortListener, type PortListenerDeps } from '../port-listener.ts'
import type { Allowance } from './allowance.ts'
import { AssociationTable } from './association-table.ts'
import { datagramSocket, dropReasonOf, hasRoom, setBuffers } from './datagram-socket.ts'
import {
  type ClientAddress,
  type ClientSide,
  clientKey,
  IngressAssociation,
  type IngressAssociationDeps,
} from './ingress-association.ts'
import { LISTENER_BUFFER_BYTES } from './limits.ts'
import { DropReason } from './udp-stats.ts'

export interface UdpListenerDeps extends PortListenerDeps, IngressAssociationDeps {
  /** For the associations of all listeners. */
  readonly places: Allowance
}

export class UdpListener extends PortListener implements ClientSide {
  readonly #deps: UdpListenerDeps
  readonly #table: AssociationTable<IngressAssociation>
  readonly #sent = (error: Error | null): void => {
    if (error !== null) this.#drop(dropReasonOf(error))
  }
  #socket: Socket | undefined

  constructor(deps: UdpListenerDeps, host: string, spec: ListenerSpec) {
    super(deps, host, spec)
    this.#deps = deps
    this.#table = new AssociationTable(deps.places)
  }

  override get boundPort(): number | undefined {
    return this.#socket?.address().port
  }

  override get busy(): boolean {
    return this.#table.size > 0
  }

  protected override bind(): void {
    const socket = datagramSocket(this.host)
    socket.on('error', (error) => this.#failed(socket, error))
    socket.on('listening', () => {
      setBuffers(socket, LISTENER_BUFFER_BYTES)
      this.#socket = socket
      this.bound()
    })
    socket.on('message', (datagram, client) => this.#receive(datagram, client))
    socket.bind({ port: this.spec.listenPort, address: this.host, exclusive: true })
  }

  /** Its clients know no other address of ours: what they have ends with it. */
  protected override unbind(): void {
    for (const association of this.#table.all()) association.end()
    this.#socket?.close()
    this.#socket = undefined
  }

  #failed(socket: Socket, error: Error): void {
    const code = errorCode(error) ?? error.message
    if (socket === this.#socket) {
      this.log.warn({ err: code }, 'a datagram could not be received')
      return
    }
    socket.close()
    this.bindFailed(code)
  }

  #receive(datagram: Buffer, client: ClientAddress): void {
    const association = this.#table.get(clientKey(client)) ?? this.#open(client)
    if (association !== undefined) association.receive(datagram)
  }

  #open(client: ClientAddress): IngressAssociation | undefined {
    // Nobody can be answered at port 0 (RFC 768: none was given).
    if (client.port === 0) return this.#drop(DropReason.noSource)
    if (!this.#makeRoom()) return this.#drop(DropReason.tableFull)
    const association = new IngressAssociation(this.#deps, this, client)
    this.#table.add(association)
    if (association.start()) return association
    this.#table.delete(association)
    return this.#drop(DropReason.noBackend)
  }

  #makeRoom(): boolean {
    if (this.#deps.flows.full) return false
    if (!this.#table.full) return true
    const idlest = this.#table.idlest(this.#deps.idle.now)
    if (idlest === undefined) return false
    this.#deps.stats.evicted += 1
    idlest.end()
    return !this.#table.full
  }

  #drop(reason: DropReason): undefined {
    this.#deps.stats.dropped[reason] += 1
  }

  reply(datagram: Buffer, { port, address }: ClientAddress): DropReason | undefined {
    if (this.#socket === undefined) return DropReason.ended
    if (!hasRoom(this.#socket)) return DropReason.sendQueue
    this.#socket.send(datagram, port, address, this.#sent)
    return undefined
  }

  forget(association: IngressAssociation): void {
    this.#table.delete(association)
  }
}
