/** Child: a long path. What comes in leaves `delayMs` later, both ways, for each port of its argument. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { DelayQueue } from './delay-queue.ts'
import { entriesOf, HOST, type Ports, pick, streamsOf } from './ports.ts'

interface DelayArgument {
  readonly delayMs: number
  readonly targets: Ports
}

const { delayMs, targets } = JSON.parse(process.argv[2] ?? '{}') as DelayArgument

async function delayed(target: number): Promise<number> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = connect({ port: target, host: HOST, allowHalfOpen: true, noDelay: true })
    const queues = [new DelayQueue(near, far, delayMs), new DelayQueue(far, near, delayMs)]
    endTogether(near, far, queues)
    endTogether(far, near, queues)
  })
  server.listen({ port: 0, host: HOST, backlog: 4096 })
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** A connection that breaks takes the other one with it. */
function endTogether(socket: Socket, other: Socket, queues: readonly DelayQueue[]): void {
  socket.on('error', () => {
    for (const queue of queues) queue.stop()
    other.destroy()
  })
}

const streams = pick(targets, streamsOf(targets))
const ports = await Promise.all(entriesOf(streams).map(async ([name, port]) => [name, await delayed(port)]))
process.on('SIGTERM', () => process.exit()).on('disconnect', () => process.exit())
process.send?.(Object.fromEntries(ports))
