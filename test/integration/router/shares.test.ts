/** Clients and clusters that open flows without end leave room for the others. */
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { FlowError, FlowHandler } from '../../../src/amqp/flow-transport.ts'
import { Snapshot } from '../../../src/core/snapshot.ts'
import type { DataPath } from '../../../src/router/data-path.ts'
import { LARGEST_SHARE } from '../../../src/router/limits.ts'
import { handlerOf } from '../../support/connection-pair.ts'
import { eventually } from '../../support/eventually.ts'
import { MemoryPeers, MemoryTransport } from '../../support/memory-transport.ts'
import { dataPath, echoPort } from '../../support/router-pair.ts'
import { directoryOf, ECHO, exportingEcho, importingEcho } from '../../support/routes.ts'
import { serveEcho, type TestServer } from '../../support/tcp.ts'

const MAX_FLOWS = 50
/** What one may have of a table that nobody else uses. */
const mostOf = (share: number): number => Math.ceil((MAX_FLOWS * share) / (share + 1))

const peers = new MemoryPeers()
const sockets: Socket[] = []
let server: TestServer
let east: DataPath
let west: DataPath

beforeEach(async () => {
  server = await serveEcho()
  const common = { directory: new Snapshot(directoryOf({ east: 1 })), peers }
  const nobody = { directory: new Snapshot(directoryOf({})), peers: new MemoryPeers() }
  const exporting = new Snapshot(exportingEcho(server.port))
  east = dataPath({ ...nobody, cluster: 'east', routes: exporting, maxFlows: MAX_FLOWS })
  peers.transports.set('east', new MemoryTransport(east.acceptorFor('west')))
  west = dataPath({ ...common, cluster: 'west', routes: new Snapshot(importingEcho), maxFlows: MAX_FLOWS })
  await west.start()
})

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await Promise.all([west.stop(), east.stop()])
  await server[Symbol.asyncDispose]()
})

test('a client', async () => {
  const port = await echoPort(west)
  const dialFrom = (localAddress: string): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect({ port, host: '127.0.0.1', localAddress })
      sockets.push(socket)
      socket.once('data', () => resolve(true)).once('error', () => resolve(false))
      socket.write('x')
    })
  const greedy = await Promise.all(Array.from({ length: MAX_FLOWS }, () => dialFrom('127.0.0.2')))
  expect(greedy.filter(Boolean)).toHaveLength(mostOf(LARGEST_SHARE.client))
  expect(await dialFrom('127.0.0.3')).toBe(true)
})

test('a cluster', async () => {
  const opens: { accepted: boolean; refused: FlowError | undefined }[] = []
  const openFrom = (cluster: string): void => {
    const flow = { accepted: false, refused: undefined as FlowError | undefined }
    opens.push(flow)
    const handler: FlowHandler = handlerOf({
      onAccept() {
        flow.accepted = true
      },
      onReset(error) {
        flow.refused = error
      },
    })
    const client = { address: '10.0.0.1', port: 1 }
    const request = { service: ECHO, protocol: 'TCP', port: 80, client } as const
    new MemoryTransport(east.acceptorFor(cluster)).open(request, () => handler)
  }
  const answered = (): boolean => opens.every(({ accepted, refused }) => accepted || refused !== undefined)
  for (let count = 0; count < MAX_FLOWS; count++) openFrom('greedy')
  await eventually(() => expect(answered()).toBe(true))
  expect(opens.filter(({ accepted }) => accepted)).toHaveLength(mostOf(LARGEST_SHARE.cluster))
  openFrom('modest')
  await eventually(() => expect(opens.at(-1)?.accepted).toBe(true))
})
