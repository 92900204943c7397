/** How the lab's supervisor tells its starter how far it is: JSON lines. */
import type { Writable } from 'node:stream'

export type ProgressEvent =
  | { readonly type: 'step'; readonly message: string }
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly message: string }

/** Writes events to `stream`, one line each. */
export function createReporter(stream: Writable): (event: ProgressEvent) => void {
  return (event) => void stream.write(`${JSON.stringify(event)}\n`)
}
