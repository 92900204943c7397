/** A lab without namespaces: the same API and commands, pods as plain processes on 127.0.0.0/8. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { apply, type Clusters, upLab } from '../../support/clusters.ts'
import { eventually } from '../../support/eventually.ts'
import { describeWith } from '../../support/missing.ts'

const SLOW = 60_000

/** Answers over TCP and UDP at the pod's address with the pod's name and a file of its volume. */
const SERVER = `
const fs = require('node:fs')
const answer = () => process.env.POD + ' ' + fs.readFileSync('/etc/words/word', 'utf8')
require('node:net').createServer((socket) => socket.end(answer())).listen(8080, process.env.POD_IP)
const udp = require('node:dgram').createSocket('udp4')
udp.on('message', (_, from) => udp.send(answer(), from.port, from.address)).bind(8080, process.env.POD_IP)
`

const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } })

const OBJECTS = {
  apiVersion: 'v1',
  kind: 'List',
  items: [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'words', namespace: 'demo' },
      data: { word: 'hi' },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: 'demo' },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: {
            volumes: [{ name: 'words', configMap: { name: 'words' } }],
            containers: [
              {
                name: 'web',
                image: 'none',
                command: ['node', '--eval', SERVER],
                env: [field('POD', 'metadata.name'), field('POD_IP', 'status.podIP')],
                volumeMounts: [{ name: 'words', mountPath: '/etc/words' }],
                readinessProbe: { tcpSocket: { port: 8080 } },
              },
            ],
          },
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'demo' },
      spec: {
        type: 'LoadBalancer',
        selector: { app: 'web' },
        ports: [
          { name: 'tcp', port: 8000, targetPort: 8080 },
          { name: 'udp', port: 8000, targetPort: 8080, protocol: 'UDP' },
        ],
      },
    },
  ],
}

/** Asks the address it is given over TCP or UDP, and prints the answer. */
const ASK = `
const [kind, host, port] = process.argv.slice(1)
if (kind === 'tcp') require('node:net').connect(port, host).on('data', (data) => console.log(String(data)))
else {
  const udp = require('node:dgram').createSocket('udp4')
  udp.on('message', (data) => { console.log(String(data)); udp.close() }).send('?', port, host)
}
`

/** Looks a name up in the DNS that the command was told. */
const LOOK_UP = `
const resolver = new (require('node:dns').promises.Resolver)()
resolver.setServers([process.env.FAIRLEAD_DNS])
resolver.resolve4(process.argv[1]).then((found) => console.log(found.join()))
`

describeWith(['kubectl', 'setpriv'], 'a lab in loopback mode', () => {
  let lab: Clusters
  const node = async (script: string, ...args: string[]) =>
    (await lab.exec('east', [process.execPath, '--eval', script, ...args])).stdout.trim()
  const service = async () =>
    JSON.parse((await lab.kubectl('east', ['-n', 'demo', 'get', 'service', 'web', '-o', 'json'])).stdout)

  beforeAll(async () => {
    lab = await upLab(['east', 'west'], '--bare', '--mode', 'loopback')
    await apply(lab, 'east', JSON.stringify(OBJECTS))
    await lab.kubectl('east', ['-n', 'demo', 'rollout', 'status', 'deployment/web', '--timeout=30s'])
  }, SLOW)
  afterAll(() => lab.down(), SLOW)

  test.each(['tcp', 'udp'])('serves %s at Service addresses, from pods with their volumes', async (kind) => {
    const { spec, status } = await service()
    expect(await node(ASK, kind, spec.clusterIP, '8000')).toMatch(/^web-\S+ hi$/)
    expect(status.loadBalancer.ingress[0].ip).toBe('127.10.255.1')
    expect(await node(ASK, kind, '127.10.255.1', '8000')).toMatch(/^web-\S+ hi$/)
  })

  test('tells commands where the DNS of their cluster is', async () => {
    expect(await node(LOOK_UP, 'web.demo.svc.cluster.local')).toBe((await service()).spec.clusterIP)
  })

  test('stops listening for a Service without endpoints', async () => {
    await lab.kubectl('east', ['-n', 'demo', 'scale', 'deployment/web', '--replicas=0'])
    const { clusterIP } = (await service()).spec
    await eventually(async () => {
      await expect(node(ASK, 'tcp', clusterIP, '8000')).rejects.toThrow('ECONNREFUSED')
    })
  })

  test('says that it cannot cut clusters off from each other', async () => {
    await expect(lab.cut('east', 'west')).rejects.toThrow('needs a lab in namespaces')
  })
})
