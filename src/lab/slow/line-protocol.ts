/** What the supervisor and the process of a slow line say to each other: a JSON line each. */
import type { PathShape } from './path-shape.ts'
import type { SocketEnd } from './wanted-end.ts'

/** To the line; the end of its standard input ends it at once. */
export type LineRequest = { readonly shape: PathShape } | { readonly drain: true }

/** From the line, once: where it listens, an end for each family. */
export interface LineReady {
  readonly ends: readonly SocketEnd[]
}
