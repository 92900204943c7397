/** Two routers, mutual TLS between them, all flows on the link's data connections. */
import { HEAP_FLAGS } from '../../../src/router/heap-flags.ts'
import type { Stage } from '../stage.ts'
import type { Competitor } from './system.ts'

/** The pair as a competitor. */
export function fairlead(stage: Stage): Competitor {
  const start = async (cluster: string, routes: object) => {
    const { dir } = await stage.certificate(cluster)
    return await stage.children.node('router-process.ts', { tlsDir: dir, ...routes }, HEAP_FLAGS)
  }
  return {
    name: 'fairlead',
    filesPerFlow: 1,
    pair: {
      far: (backends) => start('east', { backends }),
      near: ({ link }) => start('west', { linkPort: link }),
    },
  }
}
