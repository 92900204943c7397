/** Two routers, mutual TLS between them, all flows on the link's data connections; and the same with a third in between. */
import { HEAP_FLAGS } from '../../../src/router/heap-flags.ts'
import { bundle } from '../bundle.ts'
import type { Serving } from '../children.ts'
import type { Stage } from '../stage.ts'
import type { Competitor } from './system.ts'

/** Starts the router of a cluster. */
type Start = (cluster: string, routes: object) => Promise<Serving>

async function starter(stage: Stage): Promise<Start> {
  const program = await bundle('router-process', stage.dir)
  return async (cluster, routes) => {
    const { dir } = await stage.certificate(cluster)
    return await stage.children.node(program, { tlsDir: dir, cluster, ...routes }, HEAP_FLAGS)
  }
}

/** The pair as a competitor. */
export async function fairlead(stage: Stage): Promise<Competitor> {
  const start = await starter(stage)
  return {
    name: 'fairlead',
    filesPerFlow: 1,
    pair: {
      far: (backends) => start('east', { backends }),
      near: ({ link }) => start('west', { linkPort: link }),
    },
  }
}

/** The name by which it is asked for; it is no part of a run that names nobody. */
export const RELAYED = 'fairlead relayed'

/**
 * The pair with a relay between them, which is counted for none of its processes. It stands beside the origins, so that a long
 * path lies behind it: what comes over the short hop is acknowledged late.
 */
export async function fairleadRelayed(stage: Stage): Promise<Competitor> {
  const start = await starter(stage)
  return {
    name: RELAYED,
    filesPerFlow: 1,
    pair: {
      far: async (backends) => {
        const east = await start('east', { backends })
        const middle = await start('middle', { linkPort: east.ports.link })
        return { ...east, ports: middle.ports }
      },
      near: ({ link }) => start('west', { linkPort: link, over: 'middle' }),
    },
  }
}
