/** Slow paths between the clusters of a lab, and single pods that are cut off. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { apply, type Clusters, upLab } from '../../support/clusters.ts'
import { eventually } from '../../support/eventually.ts'
import { describeInLab } from '../../support/missing.ts'

const SLOW = 60_000

/** Says every byte again. */
const ECHO = `
import socket, threading
server = socket.create_server(("", 8080))
def serve(peer):
    while data := peer.recv(65536): peer.sendall(data)
while True: threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
`

/** Connects, and prints how many milliseconds the answer to a byte takes, after connecting and after that. */
const ASK = `
import socket, time, sys
peer = socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)
for _ in range(2):
    began = time.monotonic()
    peer.sendall(b"x"); peer.recv(1)
    print(round((time.monotonic() - began) * 1000))
`

const objects = (name: string) => [
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name } },
    spec: { containers: [{ name, image: 'none', command: ['python3', '-c', ECHO] }] },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: {
      type: 'LoadBalancer',
      selector: { app: name },
      ports: [{ port: name === 'one' ? 8081 : 8082, targetPort: 8080 }],
    },
  },
]

describeInLab(['python3'], 'slow paths and pods cut off', () => {
  let lab: Clusters
  /** Round trips from west to port `port` of east. */
  const ask = async (port: number, from = 'west', host = '172.31.0.10') => {
    const { stdout } = await lab.exec(from, ['python3', '-c', ASK, host, String(port)], { timeout: 8000 })
    return stdout.trim().split('\n').map(Number)
  }

  beforeAll(async () => {
    lab = await upLab(['east', 'west'], '--bare')
    const items = [...objects('one'), ...objects('two')]
    await apply(lab, 'east', JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
    for (const port of [8081, 8082]) await eventually(() => ask(port), { within: 20_000 })
  }, SLOW)
  afterAll(() => lab?.down(), SLOW)

  test(
    'a slow path adds its delay to every round trip until it is healed, and is changed by calling it again',
    async () => {
      await lab.slow('west', 'east', '--delay', '200')
      const [first = 0, second = 0] = await ask(8081)
      expect(first).toBeGreaterThanOrEqual(800)
      expect(second).toBeGreaterThanOrEqual(400)
      expect((await lab.status()).slow).toEqual([
        { clusters: ['east', 'west'], shape: { delayMs: 200, jitterMs: 0, lossPercent: 0 } },
      ])
      await lab.slow('east', 'west', '--delay', '20', '--jitter', '5', '--loss', '1')
      const [, quicker = 0] = await ask(8082)
      expect(quicker).toBeGreaterThanOrEqual(30)
      await lab.heal('west', 'east')
      expect((await lab.status()).slow).toEqual([])
      await eventually(async () => expect((await ask(8081))[1]).toBeLessThan(30))
    },
    SLOW,
  )

  test(
    'a pod that is cut off is silent to other clusters and its own, until it is healed or gone',
    async () => {
      const address = (await lab.kubectl('east', ['get', 'pod', 'one', '-o', 'jsonpath={.status.podIP}']))
        .stdout
      await lab.cut('east/one')
      expect((await lab.status()).cutPods).toEqual([{ cluster: 'east', namespace: 'default', pod: 'one' }])
      await expect(ask(8081)).rejects.toThrow(/timed out/)
      await expect(ask(8080, 'east', address)).rejects.toThrow(/timed out/)
      await ask(8082)
      await lab.heal('east/one')
      await ask(8081)
      await lab.cut('east/default/one')
      await lab.kubectl('east', ['delete', 'pod', 'one', '--grace-period=1'])
      await eventually(async () => expect((await lab.status()).cutPods).toEqual([]))
    },
    SLOW,
  )
})
