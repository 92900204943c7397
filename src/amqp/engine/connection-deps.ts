/**
 * What a data connection is given, and what it tells its owner.
 */
import type { ByteBudget } from '../../core/byte-budget.ts'
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import type { FlowAcceptor, FlowError } from '../flow-transport.ts'
import type { Peer } from './peer.ts'

/** Why a connection is over. */
export interface CloseReason extends FlowError {
  /** Who ended it: the owner, the engine because of an error, the peer's close, or the loss of the socket. */
  readonly origin: 'owner' | 'engine' | 'peer' | 'socket'
}

export interface DataConnectionDeps {
  readonly clock: Clock
  readonly logger: Logger
  /** Bounds what all connections of the process buffer; absent: this one has a budget of its own. */
  readonly buffers?: ByteBudget | undefined
  /** Decides about flows the peer opens. */
  readonly accept: FlowAcceptor
  /** The peer's open came: flows travel. */
  readonly onOpen?: (peer: Peer) => void
  /** The peer takes no new flows; those there are go on, and can be resumed. Called once. */
  readonly onDraining?: () => void
  /** Called once, when the connection stops being usable; its flows were reset before. */
  readonly onClose?: (reason: CloseReason) => void
}
