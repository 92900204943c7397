/**
 * Data connections to the very router that a control session is with: behind one address there may be a balancer with
 * several of them, and paths over relays name processes.
 */
import type { DataLine } from './data-lines.ts'
import { SAME_ROUTER_ATTEMPTS } from './limits.ts'

/** Dials until the line leads to `router` (Hello.id). One to another router is better than none: the last is kept. */
export async function dialSameRouter(
  dial: (signal: AbortSignal) => Promise<DataLine>,
  router: string,
  signal: AbortSignal,
): Promise<DataLine> {
  for (let attempt = 1; ; attempt++) {
    const line = await dial(signal)
    const process = await processOf(line, signal)
    if (process === undefined || process === router || attempt === SAME_ROUTER_ATTEMPTS) {
      line.use()
      return line
    }
    line.close('it leads to another router than the control session')
    signal.throwIfAborted()
  }
}

/** Who is at the other end; undefined when the line closes before that is known. */
async function processOf(line: DataLine, signal: AbortSignal): Promise<string | undefined> {
  const close = () => line.close('the link is closing')
  signal.addEventListener('abort', close)
  if (signal.aborted) close()
  const process = await Promise.race([line.whenKnown, line.whenClosed.then(() => undefined)])
  signal.removeEventListener('abort', close)
  return process
}
