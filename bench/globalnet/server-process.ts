/** Takes connections at some ports, says something, and lets go of them when their clients do. */
import { once } from 'node:events'
import { createServer } from 'node:net'

const { ports } = JSON.parse(process.argv[2] ?? '{}') as { ports: readonly number[] }
for (const port of ports) {
  const server = createServer((socket) => {
    socket.on('error', () => {}).resume()
    socket.write('.')
  })
  server.listen(port, '0.0.0.0', 1024)
  await once(server, 'listening')
}
process.once('SIGTERM', () => process.exit(0))
process.send?.({})
