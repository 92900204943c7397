/** Two routers, mutual TLS between them, all flows on the link's data connections. */
import { HEAP_FLAGS } from '../../../src/router/heap-flags.ts'
import { bundle } from '../bundle.ts'
import type { Stage } from '../stage.ts'
import type { Competitor } from './system.ts'

/** The pair as a competitor. */
export async function fairlead(stage: Stage): Promise<Competitor> {
  const program = await bundle('router-process', stage.dir)
  const start = async (cluster: string, routes: object) => {
    const { dir } = await stage.certificate(cluster)
    return await stage.children.node(program, { tlsDir: dir, ...routes }, HEAP_FLAGS)
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
