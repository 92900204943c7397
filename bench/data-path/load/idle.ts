/** Open connections that carry nothing after one answer. */
import type { Socket } from 'node:net'
import { ANSWER_BYTES, MESSAGE } from './ping-pong.ts'
import { dial, sharedBuffer } from './sockets.ts'

/** Connections opened at once. */
const BATCH = 100

export class IdleFlows implements Disposable {
  readonly #sockets: readonly Socket[]

  private constructor(sockets: readonly Socket[]) {
    this.#sockets = sockets
  }

  /** Opens `count` connections, each of which has had its answer. */
  static async open(port: number, count: number): Promise<IdleFlows> {
    const buffer = sharedBuffer(ANSWER_BYTES)
    const sockets: Socket[] = []
    while (sockets.length < count) {
      const missing = Math.min(BATCH, count - sockets.length)
      sockets.push(...(await Promise.all(Array.from({ length: missing }, () => openOne(port, buffer)))))
    }
    return new IdleFlows(sockets)
  }

  get count(): number {
    return this.#sockets.length
  }

  /** Resets all: nothing of them stays in the kernel. */
  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }
}

async function openOne(port: number, buffer: Uint8Array): Promise<Socket> {
  return await new Promise((resolve, reject) => {
    let left = MESSAGE.length
    const socket = dial(port, buffer, (bytes) => {
      left -= bytes
      if (left === 0) resolve(socket)
    })
    socket.on('error', reject).on('close', () => reject(new Error('closed before the answer')))
    socket.write(MESSAGE)
  })
}
