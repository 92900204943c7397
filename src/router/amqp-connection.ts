/**
 * Makes the AMQP data connections that the router's network asks for.
 */
import { DataConnection } from '../amqp/data-connection.ts'
import { DEFAULT_WINDOW_BYTES } from '../amqp/limits.ts'
import type { LineSettings } from '../api/route-snapshot.ts'
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
  return (socket, { side, peer, instance, containerId, line = {}, accept, onOpen, onDraining }) => {
    const logger = log.child({ component: 'data-connection', peer: peer.cluster })
    const onClose = (reason: object): void => logger.info({ ...reason }, 'data connection closed')
    return new DataConnection(
      socket,
      { clock, logger, buffers: budget, accept, onOpen, onDraining, onClose },
      { side, containerId, instance, ...lineConfig(line) },
    )
  }
}

/** A connection is given up after twice the idle time-out it announces. */
function lineConfig({ keepAliveMs, maxWindowBytes }: LineSettings) {
  return {
    idleTimeoutMs: keepAliveMs === undefined ? DATA_IDLE_MS : Math.round(keepAliveMs / 2),
    ...(maxWindowBytes === undefined
      ? {}
      : { windowBytes: Math.min(DEFAULT_WINDOW_BYTES, maxWindowBytes), maxWindowBytes }),
  }
}
