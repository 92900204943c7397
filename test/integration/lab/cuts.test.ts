/** Faults between the clusters of a lab: open connections reset at both ends, and packets dropped unseen. */
import type { ChildProcess } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { apply, type Clusters, upLab } from '../../support/clusters.ts'
import { eventually } from '../../support/eventually.ts'
import { describeInLab } from '../../support/missing.ts'

const SLOW = 60_000

/** Speaks a byte on each connection every 50 ms, and prints how it ended. */
const SERVER = `
import socket, threading, time
server = socket.create_server(("", 8080))
def serve(peer):
    try:
        while True: peer.sendall(b"x"); time.sleep(0.05)
    except OSError as error: print(type(error).__name__, flush=True)
while True: threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
`

/** Connects, and speaks a byte whenever it is told to; prints what comes of it. */
const CLIENT = `
import socket, sys
peer = socket.create_connection(("172.31.0.10", 8080), 2)
peer.settimeout(None)
print("open", flush=True)
for line in sys.stdin:
    try:
        peer.sendall(b"x")
        while peer.recv(65536): pass
    except OSError as error: print(type(error).__name__, flush=True)
`

/** Sends datagrams to a peer all the while, and prints what the sending brings. */
const DATAGRAMS = `
import socket, time
peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
print("sending", flush=True)
while True:
    try: peer.sendto(b"x", ("172.31.0.10", 9))
    except OSError as error: print(type(error).__name__, flush=True)
    time.sleep(0.02)
`

const pod = (name: string, command: string, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: name } },
  spec: { containers: [{ name, image: 'none', command: ['python3', '-c', command] }], ...spec },
})

const SERVICE = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'server' },
  spec: { type: 'LoadBalancer', selector: { app: 'server' }, ports: [{ port: 8080 }] },
}

/** A process and all that it has said. */
class Teller {
  readonly child: ChildProcess
  said = ''

  constructor(child: ChildProcess) {
    this.child = child
    child.stdout?.on('data', (chunk: Buffer) => {
      this.said += chunk.toString()
    })
  }

  async says(text: string): Promise<void> {
    await eventually(() => expect(this.said).toContain(text))
  }
}

describeInLab(['python3'], 'faults between clusters', () => {
  let lab: Clusters
  const connect = async () => {
    const client = new Teller(lab.startExec('west', ['python3', '-c', CLIENT]))
    await client.says('open')
    return client
  }

  beforeAll(async () => {
    lab = await upLab(['east', 'west'], '--bare')
    await apply(
      lab,
      'east',
      JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [pod('server', SERVER), SERVICE] }),
    )
    await lab.kubectl('east', ['wait', '--for=condition=Ready', 'pod/server', '--timeout=20s'])
    await eventually(connect).then(({ child }) => child.kill())
  }, SLOW)
  afterAll(() => lab?.down(), SLOW)

  test(
    'a reset ends what is open with a reset at both ends, and nothing that comes after',
    async () => {
      const [one, other] = [await connect(), await connect()]
      const told = async () => (await lab.kubectl('east', ['logs', 'server'])).stdout
      const before = (await told()).split('ConnectionResetError').length
      await lab.reset('east')
      const later = await connect()
      for (const client of [one, other]) {
        client.child.stdin?.write('\n')
        await client.says('ConnectionResetError')
      }
      await eventually(async () =>
        expect((await told()).split('ConnectionResetError').length).toBeGreaterThanOrEqual(before + 2),
      )
      await lab.reset('west')
      later.child.stdin?.write('\n')
      await later.says('ConnectionResetError')
      for (const { child } of [one, other, later]) child.kill()
    },
    SLOW,
  )

  test('a cut tells nobody, not even a process of the node itself', async () => {
    await apply(lab, 'west', JSON.stringify(pod('datagrams', DATAGRAMS, { hostNetwork: true })))
    const told = async () => (await lab.kubectl('west', ['logs', 'datagrams'])).stdout
    await eventually(async () => expect(await told()).toContain('sending'))
    const client = await connect()
    await lab.cut('east', 'west')
    client.child.stdin?.write('\n')
    // Long enough for the node, the kernel and connection tracking to say what they have to say.
    const began = performance.now()
    await eventually(() => performance.now() - began > 2000)
    await lab.heal('east', 'west')
    expect(client.said).toBe('open\n')
    expect(await told()).toBe('sending\n')
    client.child.kill()
  })
})
