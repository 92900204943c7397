/**
 * Makes the AMQP data connections that the router's network asks for.
 */
import { DataConnection } from '../amqp/data-connection.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import type { CreateDataConnection } from './network/data-connection.ts'

export interface AmqpConnectionDeps {
  readonly clock: Clock
  readonly log: Logger
}

/** The factory for RouterNetwork. `containerId` names this process in AMQP. */
export function amqpConnections(
  { clock, log }: AmqpConnectionDeps,
  containerId: string,
): CreateDataConnection {
  return (socket, side, accept, peer) => {
    const logger = log.child({ component: 'data-connection', peer: peer.cluster })
    return new DataConnection(
      socket,
      { clock, logger, accept, onClose: (reason) => logger.info({ ...reason }, 'data connection closed') },
      { side, containerId },
    )
  }
}
