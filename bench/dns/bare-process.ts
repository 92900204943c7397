/** Child: gives each message back with the response bit set, with nothing that could be left out. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { HOST } from '../data-path/ports.ts'

/** The octet of the header with the response bit, and the bit. */
const [AT, RESPONSE] = [2, 0x80]

const socket = createSocket({
  type: 'udp4',
  recvBufferSize: 1 << 20,
  lookup: (address, _options, callback) => callback(null, address, 4),
})
socket.on('message', (message, { port, address }) => {
  message[AT] = (message[AT] ?? 0) | RESPONSE
  socket.send(message, port, address)
})
// With a lookup that is done at once it may listen before `bind` returns.
const listening = once(socket, 'listening')
socket.bind(0, HOST)
await listening
process.on('SIGTERM', () => process.exit()).on('disconnect', () => process.exit())
process.send?.({ dns: socket.address().port })
