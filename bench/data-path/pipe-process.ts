/** Child: the plain relay that everything is compared with, one connection out for each that comes in. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import type { Ports } from './child.ts'

async function relay(target: number): Promise<number> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    near.on('error', () => far.destroy())
    far.on('error', () => near.destroy())
    near.pipe(far).pipe(near)
  })
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

const targets = JSON.parse(process.argv[2] ?? '{}') as Ports
process.on('SIGTERM', () => process.exit())
process.send?.({ echo: await relay(targets.echo), flood: await relay(targets.flood) })
