/** A client in a lab that sends a datagram every 20 ms from one port, whatever comes back, and tells how many went and came. */
import { join } from 'node:path'
import { expect } from '@jest/globals'
import type { Clusters } from './clusters.ts'
import { eventually } from './eventually.ts'
import { LineProcess } from './line-process.ts'
import { ROOT } from './source-tree.ts'

const PEER = join(ROOT, 'test/support/udp-peer.mjs')

interface Counts {
  readonly sent: number
  readonly answered: number
}

export class DatagramClient {
  readonly #process: LineProcess

  private constructor(process: LineProcess) {
    this.#process = process
  }

  /** Resolves when datagrams go both ways. */
  static async open(lab: Clusters, cluster: string, host: string, port: number): Promise<DatagramClient> {
    const command = ['node', PEER, 'pour', host, String(port)]
    const client = new DatagramClient(new LineProcess(lab.startExec(cluster, command, { timeout: 300_000 })))
    await eventually(async () => expect((await client.counts()).answered).toBeGreaterThan(10), {
      within: 20_000,
    })
    return client
  }

  /** So far. */
  async counts(): Promise<Counts> {
    const { sent, answered } = await this.#process.ask()
    return { sent: Number(sent), answered: Number(answered) }
  }

  kill(): void {
    this.#process.kill()
  }
}
