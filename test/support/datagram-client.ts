/** A client in a lab that sends a datagram every 20 ms from one port, whatever comes back, and tells how many went and came. */
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { expect } from '@jest/globals'
import type { Clusters } from './clusters.ts'
import { eventually } from './eventually.ts'
import { ROOT } from './source-tree.ts'

const PEER = join(ROOT, 'test/support/udp-peer.mjs')

interface Counts {
  readonly sent: number
  readonly answered: number
}

export class DatagramClient {
  readonly #child: ChildProcess
  #said = ''

  private constructor(child: ChildProcess) {
    this.#child = child
    child.stdout?.on('data', (chunk: Buffer) => {
      this.#said += chunk.toString()
    })
  }

  /** Resolves when datagrams go both ways. */
  static async open(lab: Clusters, cluster: string, host: string, port: number): Promise<DatagramClient> {
    const client = new DatagramClient(
      lab.startExec(cluster, ['node', PEER, 'pour', host, String(port)], { timeout: 300_000 }),
    )
    await eventually(async () => expect((await client.counts()).answered).toBeGreaterThan(10), {
      within: 20_000,
    })
    return client
  }

  /** So far. */
  async counts(): Promise<Counts> {
    const before = this.#said.length
    this.#child.stdin?.write('\n')
    return await eventually(() => {
      const [line = ''] = this.#said.slice(before).split('\n').filter(Boolean)
      return JSON.parse(line) as Counts
    })
  }

  kill(): void {
    this.#child.kill()
  }
}
