/** Child: the plain relay that everything is compared with, one connection out for each that comes in. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { entriesOf, HOST, type Ports } from './ports.ts'

async function relay(target: number): Promise<number> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = connect({ port: target, host: HOST, allowHalfOpen: true, noDelay: true })
    near.on('error', () => far.destroy())
    far.on('error', () => near.destroy())
    near.pipe(far).pipe(near)
  })
  server.listen({ port: 0, host: HOST, backlog: 4096 })
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

const targets = JSON.parse(process.argv[2] ?? '{}') as Ports
const ports = await Promise.all(entriesOf(targets).map(async ([name, port]) => [name, await relay(port)]))
process.on('SIGTERM', () => process.exit()).on('disconnect', () => process.exit())
process.send?.(Object.fromEntries(ports))
