/** A client in a lab that holds one TCP connection to a server that says every byte again, and tells what comes of it. */
import type { ChildProcess } from 'node:child_process'
import { expect } from '@jest/globals'
import type { Clusters } from './clusters.ts'
import { eventually } from './eventually.ts'

/** Sends a byte whenever it is told to, once its first one was answered. */
const SCRIPT = `
import socket, sys
peer = socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)
peer.sendall(b"x")
while not peer.recv(1000).endswith(b"x"): pass
print("open", flush=True)
for line in sys.stdin:
    try:
        peer.sendall(b"x")
        print("answered" if peer.recv(1) else "closed", flush=True)
    except OSError as error: print(type(error).__name__, flush=True)
`

export class ByteClient {
  readonly #child: ChildProcess
  #said = ''

  private constructor(child: ChildProcess) {
    this.#child = child
    child.stdout?.on('data', (chunk: Buffer) => {
      this.#said += chunk.toString()
    })
  }

  /** Resolves when the connection carries bytes both ways. */
  static async open(lab: Clusters, cluster: string, host: string, port: number): Promise<ByteClient> {
    const client = new ByteClient(lab.startExec(cluster, ['python3', '-c', SCRIPT, host, String(port)]))
    await eventually(() => expect(client.#said).toBe('open\n'), { within: 20_000 })
    return client
  }

  /** Sends bytes until what comes of one is `outcome`: `answered`, `closed`, or the name of a Python error. */
  async sends(outcome: string): Promise<void> {
    const before = this.#said.length
    await eventually(
      () => {
        this.#child.stdin?.write('\n')
        expect(this.#said.slice(before)).toContain(outcome)
      },
      { within: 20_000, every: 500 },
    )
  }

  kill(): void {
    this.#child.kill()
  }
}
