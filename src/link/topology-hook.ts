/**
 * Where a control session hands over what routers tell each other about the topology. Knows nothing of its meaning.
 */
import type { TopologyMessage } from '../api/router-advertisement.ts'
import type { Hello, SessionMessage } from './messages.ts'

/** The sending side of a session. */
export interface TopologySender {
  /** The peer takes more now. */
  readonly writable: boolean
  /** `onAccepted` is called when the peer has worked the message off. */
  send(message: TopologyMessage, onAccepted?: () => void): void
}

/** One session's share of the topology. */
export interface TopologyExchange {
  /** Throws ViolationError when the peer breaks the rules. */
  onMessage(message: TopologyMessage): void
  onWritable(): void
  onRoundTrip(ms: number): void
  onClosed(): void
}

/** Called when both hellos are in order; undefined when nothing is shared with this peer. */
export type TopologyHook = (peer: Hello, sender: TopologySender) => TopologyExchange | undefined

/** Whether a message is about the topology. */
export function isTopology(message: SessionMessage): message is TopologyMessage {
  return (
    message.type === 'topology' || message.type === 'topology-digest' || message.type === 'topology-request'
  )
}
