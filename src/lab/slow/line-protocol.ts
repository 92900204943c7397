/** What the supervisor and the process of a slow line say to each other: a JSON line each. */
import type { PathShape } from './path-shape.ts'

/** To the line; the end of its standard input ends it at once. */
export type LineRequest = { readonly shape: PathShape } | { readonly drain: true }

/** From the line, once. */
export interface LineReady {
  readonly port: number
}
