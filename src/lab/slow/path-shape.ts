/** How a path between two clusters is made worse. Pure. */

export interface PathShape {
  /** Added in each direction, milliseconds. */
  readonly delayMs: number
  /** What arrives is up to so much earlier or later, never out of order. Milliseconds. */
  readonly jitterMs: number
  /** Segments that are lost, in each direction. Percent. */
  readonly lossPercent: number
}

/** A path as it is without us. */
export const QUIET: PathShape = { delayMs: 0, jitterMs: 0, lossPercent: 0 }

/** Nothing is made worse. */
export function isQuiet({ delayMs, jitterMs, lossPercent }: PathShape): boolean {
  return delayMs === 0 && jitterMs === 0 && lossPercent === 0
}

/** As people read it: `300ms±20ms 3%`. */
export function describePath({ delayMs, jitterMs, lossPercent }: PathShape): string {
  const jitter = jitterMs === 0 ? '' : `±${jitterMs}ms`
  const loss = lossPercent === 0 ? '' : ` ${lossPercent}%`
  return `${delayMs}ms${jitter}${loss}`
}
