/** A TCP port that answers no SYN: its accept queue is full and nobody takes from it. Linux only. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Worker } from 'node:worker_threads'

/** Listens with the shortest queue, says its port and then never runs again. */
const LISTEN_AND_SLEEP = `
  const { parentPort } = require('node:worker_threads')
  const server = require('node:net').createServer()
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  })`

/** More than the kernel queues for a backlog of one. */
const FILLERS = 4

export interface DeafServer extends AsyncDisposable {
  readonly port: number
}

export async function deafServer(): Promise<DeafServer> {
  const worker = new Worker(LISTEN_AND_SLEEP, { eval: true })
  const [port] = (await once(worker, 'message')) as [number]
  const fillers: Socket[] = []
  for (let index = 0; index < FILLERS; index++) {
    fillers.push(connect(port, '127.0.0.1').on('error', () => {}))
  }
  await once(fillers[0] as Socket, 'connect')
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of fillers) socket.destroy()
      await worker.terminate()
    },
  }
}
