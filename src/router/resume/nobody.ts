/**
 * Takes the calls of raw flows that no flow needs.
 */
import type { FlowHandler } from '../../amqp/flow-transport.ts'

/** Does nothing. */
export const NOBODY: FlowHandler = {
  onAccept() {},
  onData() {},
  onEnd() {},
  onReset() {},
  onDrain() {},
  onAcked() {},
  onClosed() {},
}
