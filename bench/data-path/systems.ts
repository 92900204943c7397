/** What is compared: no relay, two plain Node relays, and two routers with mutual TLS between them. */
import { HEAP_FLAGS } from '../../src/router/heap-flags.ts'
import { TestClusterset } from '../../test/support/clusterset.ts'
import { type Child, type Ports, startChild } from './child.ts'

/** One way from the load to the origin. */
export interface System extends AsyncDisposable {
  readonly name: string
  readonly ports: Ports
  /** The processes in between. */
  readonly relays: readonly Child[]
}

/** The origin alone. */
export function direct(origin: Child): System {
  return { name: 'direct', ports: origin.ports, relays: [], async [Symbol.asyncDispose]() {} }
}

/** Two plain relays in a row. */
export async function nodePipe(origin: Child): Promise<System> {
  const far = await startChild('pipe-process.ts', origin.ports)
  const near = await startChild('pipe-process.ts', far.ports)
  return {
    name: 'node pipe',
    ports: near.ports,
    relays: [near, far],
    [Symbol.asyncDispose]: stopAll(near, far),
  }
}

/** Two routers, west for the load and east for the origin. */
export async function fairlead(origin: Child): Promise<System> {
  const clusterset = await TestClusterset.create()
  const tls = await Promise.all(['east', 'west'].map((cluster) => clusterset.tlsDir(cluster)))
  const east = await startChild('router-process.ts', { tlsDir: tls[0], backends: origin.ports }, HEAP_FLAGS)
  const west = await startChild(
    'router-process.ts',
    { tlsDir: tls[1], linkPort: east.ports.link },
    HEAP_FLAGS,
  )
  const stop = stopAll(west, east)
  return {
    name: 'fairlead',
    ports: west.ports,
    relays: [west, east],
    async [Symbol.asyncDispose]() {
      await stop()
      await clusterset[Symbol.asyncDispose]()
    },
  }
}

function stopAll(...children: readonly Child[]): () => Promise<void> {
  return async () => {
    for (const child of children) await child.stop()
  }
}
