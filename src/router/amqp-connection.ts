/**
 * Makes the AMQP data connections that the router's network asks for.
 */
import { DataConnection } from '../amqp/data-connection.ts'
import type { ByteBudget } from '../core/byte-budget.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import type { CreateDataConnection } from './network/data-connection.ts'
import { DATA_IDLE_MS } from './network/limits.ts'

export interface AmqpConnectionDeps {
  readonly clock: Clock
  readonly log: Logger
  /** What all of them may buffer together; absent: each has a budget of its own. */
  readonly budget?: ByteBudget
}

/** The factory for RouterNetwork. */
export function amqpConnections({ clock, log, budget }: AmqpConnectionDeps): CreateDataConnection {
  return (socket, { side, peer, instance, containerId, accept, onOpen, onDraining }) => {
    const logger = log.child({ component: 'data-connection', peer: peer.cluster })
    const onClose = (reason: object): void => logger.info({ ...reason }, 'data connection closed')
    return new DataConnection(
      socket,
      { clock, logger, buffers: budget, accept, onOpen, onDraining, onClose },
      { side, containerId, instance, idleTimeoutMs: DATA_IDLE_MS },
    )
  }
}
