/** Service addresses of a lab cluster: from pods, from the node, from another cluster; TCP and UDP. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { apply, type Clusters, upLab } from '../../support/clusters.ts'
import { eventually } from '../../support/eventually.ts'
import { describeInLab } from '../../support/missing.ts'
import { collect } from '../../support/run.ts'

const SLOW = 60_000

/** Answers every TCP connection and every datagram with its host name and the address it sees. */
const ECHO = `
import os, socket, threading
tcp = socket.create_server(("", 8080))
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); udp.bind(("", 8081))
me = os.uname().nodename
def datagrams():
    while True:
        _, peer = udp.recvfrom(2000)
        udp.sendto((me + " " + peer[0]).encode(), peer)
threading.Thread(target=datagrams, daemon=True).start()
while True:
    connection, peer = tcp.accept()
    connection.sendall((me + " " + peer[0]).encode())
    connection.close()
`

const PROBE = { tcpSocket: { port: 8080 } }

function deployment(replicas: number): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'echo', namespace: 'demo' },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'echo' } },
      template: {
        metadata: { labels: { app: 'echo' } },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [
            { name: 'echo', image: 'none', command: ['python3', '-c', ECHO], readinessProbe: PROBE },
          ],
        },
      },
    },
  }
}

function service(name: string, spec: object): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'demo' },
    spec: {
      selector: { app: 'echo' },
      ports: [
        { name: 'tcp', port: 80, targetPort: 8080 },
        { name: 'udp', port: 81, targetPort: 8081, protocol: 'UDP' },
      ],
      ...spec,
    },
  }
}

/** Connects `times` times and prints what it is told, one line each. Arguments: host, port, kind, times. */
const ASK = `
import socket, sys
host, port, kind, times = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
for _ in range(times):
    peer = socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
    peer.settimeout(2)
    try:
        peer.connect((host, port))
        if kind == "udp": peer.send(b"hello")
        print(peer.recv(2000).decode())
    except OSError as error:
        print(type(error).__name__)
    peer.close()
`

describeInLab([], 'Services of the lab', () => {
  let lab: Clusters
  const kubectl = async (...args: string[]) => (await lab.kubectl('east', ['-n', 'demo', ...args])).stdout
  const ask = async (cluster: string, host: string, port: number, kind: string, times: number) => {
    const command = ['python3', '-c', ASK, host, String(port), kind, String(times)]
    return (await lab.exec(cluster, command)).stdout.trim().split('\n')
  }
  const names = (answers: readonly string[]) => [...new Set(answers.map((line) => line.split(' ')[0]))].sort()
  const applyAll = (...items: object[]) =>
    apply(lab, 'east', JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))

  beforeAll(async () => {
    lab = await upLab(['east', 'west'], '--bare')
    await lab.kubectl('east', ['create', 'namespace', 'demo'])
    await applyAll(
      deployment(2),
      service('echo', {}),
      service('sticky', { sessionAffinity: 'ClientIP' }),
      service('balanced', { type: 'LoadBalancer' }),
      service('nobody', { selector: { app: 'nobody' } }),
      service('headless', { clusterIP: 'None' }),
    )
    await kubectl('rollout', 'status', 'deployment/echo', '--timeout=20s')
  }, SLOW)
  afterAll(() => lab.down(), SLOW)

  test.each(['tcp', 'udp'])('spread %s over all endpoints, which see the true client', async (kind) => {
    const answers = await ask('east', 'echo.demo.svc.cluster.local', kind === 'tcp' ? 80 : 81, kind, 40)
    expect(names(answers)).toHaveLength(2)
    expect(names(answers)[0]).toMatch(/^echo-/)
    expect(answers[0]).toMatch(/ 10\.244\.(12[89]|1[3-9]\d|2\d\d)\.\d+$/)
  })

  test.each(['tcp', 'udp'])('keep a client of %s at its endpoint with affinity', async (kind) => {
    const answers = await ask('east', 'sticky.demo', kind === 'tcp' ? 80 : 81, kind, 30)
    expect(names(answers)).toHaveLength(1)
  })

  test(
    'keep affinity when another endpoint comes',
    async () => {
      // Asks all the while from one client pod, so that its address stays the same.
      const client = lab.startExec('east', [
        'python3',
        '-c',
        ASK.replace('peer.close()', 'peer.close(); __import__("time").sleep(0.02)'),
        'sticky.demo',
        '80',
        'tcp',
        '250',
      ])
      const answers = collect(client.stdout)
      await kubectl('scale', 'deployment/echo', '--replicas=3')
      await kubectl('rollout', 'status', 'deployment/echo', '--timeout=20s')
      expect(client.exitCode).toBe(null)
      expect(names((await answers).trim().split('\n'))).toHaveLength(1)
      await eventually(async () =>
        expect(names(await ask('east', 'echo.demo', 80, 'tcp', 40))).toHaveLength(3),
      )
    },
    SLOW,
  )

  test('refuse when there is no endpoint', async () => {
    expect(await ask('east', 'nobody.demo', 80, 'tcp', 1)).toEqual(['ConnectionRefusedError'])
    expect(await ask('east', 'nobody.demo', 81, 'udp', 1)).toEqual(['ConnectionRefusedError'])
  })

  test(
    'reach a pod that calls itself',
    async () => {
      const waitAndAsk = 'until getent hosts mirror.demo; do sleep 0.1; done; sleep 0.3; exec python3 -c "$@"'
      const ask = ['sh', '-c', waitAndAsk, 'ask', ASK, 'mirror.demo', '80', 'tcp', '3']
      await applyAll(
        {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: 'mirror', namespace: 'demo', labels: { app: 'mirror' } },
          spec: {
            containers: [
              { name: 'echo', image: 'none', command: ['python3', '-c', ECHO], readinessProbe: PROBE },
              { name: 'ask', image: 'none', command: ask },
            ],
          },
        },
        service('mirror', { selector: { app: 'mirror' }, publishNotReadyAddresses: true }),
      )
      await eventually(async () =>
        expect(await kubectl('logs', 'mirror', '-c', 'ask')).toMatch(/mirror 10\.244\.0\.1\n/),
      )
    },
    SLOW,
  )

  test('are reached from another cluster at the node, by LoadBalancer address and node port', async () => {
    const found = JSON.parse(await kubectl('get', 'service', 'balanced', '-o', 'json'))
    const address = found.status.loadBalancer.ingress[0].ip as string
    expect(address).toBe('172.31.0.10')
    expect((await ask('west', address, 80, 'tcp', 1))[0]).toMatch(/^echo-\S+ 172\.31\.0\.11$/)
    expect((await ask('west', address, 81, 'udp', 1))[0]).toMatch(/^echo-/)
    const nodePort = found.spec.ports[0].nodePort as number
    expect((await ask('west', address, nodePort, 'tcp', 1))[0]).toMatch(/^echo-/)
  })

  test('are the only way in: pods of another cluster are not reached by their addresses', async () => {
    const { podIP } = JSON.parse(await kubectl('get', 'pod', 'mirror', '-o', 'json')).status
    const [answer] = await ask('west', podIP as string, 8080, 'tcp', 1)
    expect(answer).not.toMatch(/^mirror/)
  })

  test(
    'send UDP clients elsewhere when their endpoint goes',
    async () => {
      const client = `
import socket, sys, time
peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
peer.connect((sys.argv[1], 81)); peer.settimeout(0.2)
first = last = None
for _ in range(200):
    try:
        peer.send(b"x"); last = peer.recv(100).decode().split()[0]
    except OSError: pass
    if first is None and last: first = last; print(first, flush=True)
    if last and last != first: print(last, flush=True); break
    time.sleep(0.05)
`
      const child = lab.startExec('east', ['python3', '-c', client, 'echo.demo'])
      let said = ''
      child.stdout?.on('data', (chunk: Buffer) => {
        said += chunk.toString()
      })
      await eventually(() => said.includes('\n') || Promise.reject(new Error('no answer')))
      await kubectl('delete', 'pod', said.trim(), '--wait=false')
      await eventually(() => said.trim().split('\n').length === 2 || Promise.reject(new Error(said)))
    },
    SLOW,
  )
})
