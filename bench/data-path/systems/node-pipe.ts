/** Two trivial Node relays, `a.pipe(b).pipe(a)`, plain TCP. */
import type { Serving } from '../children.ts'
import { type Ports, pick, streamsOf } from '../ports.ts'
import type { Stage } from '../stage.ts'
import type { Competitor } from './system.ts'

/** The pair as a competitor. */
export function nodePipe({ children }: Stage): Competitor {
  const relay = (targets: Ports): Promise<Serving> =>
    children.node('pipe-process.ts', pick(targets, streamsOf(targets)))
  return { name: 'node pipe', filesPerFlow: 2, pair: { far: relay, near: relay } }
}
