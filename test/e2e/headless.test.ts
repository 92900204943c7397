/** A StatefulSet in each of two clusters: every pod by its own name from the other one, while pods come, go and change. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Clusters, curl, curlEventually, upClusters } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { describeInLab } from '../support/missing.ts'
import { applyAll, serviceExport } from '../support/peer-objects.ts'

const SERVICE = 'web.demo.svc.clusterset.local'
const ZONE = ['east', 'west'] as const
type Cluster = (typeof ZONE)[number]

const other = (cluster: Cluster): Cluster => (cluster === 'east' ? 'west' : 'east')
const nameOf = (pod: string, cluster: Cluster) => `${pod}.${cluster}.${SERVICE}`
const urlOf = (pod: string, cluster: Cluster) => `http://${nameOf(pod, cluster)}:8080/`

/** Answers with cluster, pod and its uid, by HTTP and by datagrams. */
const SERVER = `
const { CLUSTER, POD_NAME, POD_UID } = process.env
const who = CLUSTER + ' ' + POD_NAME + ' ' + POD_UID
require('node:http').createServer((_, response) => response.end(who)).listen(8080)
const socket = require('node:dgram').createSocket('udp4')
socket.on('message', (_, { port, address }) => socket.send(who, port, address)).bind(8081)
`

/** Asks by datagram until there is an answer. */
const ASK = `
const socket = require('node:dgram').createSocket('udp4')
socket.on('message', (answer) => { console.log(String(answer)); process.exit() })
setInterval(() => socket.send('who?', 8081, process.argv[1]), 200)
setTimeout(() => process.exit(1), 5_000)
`

function statefulSet(cluster: Cluster): object {
  const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } })
  const container = {
    name: 'web',
    image: 'node:24-slim',
    command: ['node', '--eval', SERVER],
    env: [
      { name: 'CLUSTER', value: cluster },
      field('POD_NAME', 'metadata.name'),
      field('POD_UID', 'metadata.uid'),
    ],
    readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
  }
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'web', namespace: 'demo' },
    spec: {
      serviceName: 'web',
      replicas: 2,
      podManagementPolicy: 'Parallel',
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { terminationGracePeriodSeconds: 1, containers: [container] },
      },
    },
  }
}

const HEADLESS = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'demo' },
  spec: {
    clusterIP: 'None',
    selector: { app: 'web' },
    ports: [
      { name: 'http', port: 8080 },
      { name: 'who', port: 8081, protocol: 'UDP' },
    ],
  },
}

describeInLab(['dig'], 'a StatefulSet in each of two clusters', () => {
  let clusters: Clusters
  beforeAll(async () => {
    clusters = await upClusters()
    for (const cluster of ZONE) {
      await clusters.kubectl(cluster, ['create', 'namespace', 'demo'])
      await applyAll(clusters, cluster, HEADLESS, serviceExport('web'), statefulSet(cluster))
    }
  }, 240_000)
  afterAll(() => clusters?.down(), 60_000)

  const kubectl = async (cluster: Cluster, ...args: string[]) =>
    (await clusters.kubectl(cluster, ['-n', 'demo', ...args])).stdout.trim()
  const scale = (cluster: Cluster, replicas: number) =>
    kubectl(cluster, 'scale', 'statefulset/web', `--replicas=${replicas}`)
  const dig = async (cluster: Cluster, ...args: string[]) =>
    (await clusters.exec(cluster, ['dig', ...args])).stdout.trim()
  const addressesOf = async (cluster: Cluster, name: string) =>
    (await dig(cluster, '+short', name)).split('\n').filter((line) => line !== '')
  const status = async (cluster: Cluster, name: string) => await dig(cluster, '+noall', '+comments', name)

  /** `cluster pod`, as the pod behind the name says. */
  const answer = async (from: Cluster, pod: string, cluster: Cluster) =>
    (await curl(clusters, from, urlOf(pod, cluster))).split(' ').slice(0, 2).join(' ')

  test.each(ZONE)(
    'every pod is reached by its own name from the other cluster than %s',
    async (cluster) => {
      for (const pod of ['web-0', 'web-1']) {
        await curlEventually(clusters, other(cluster), urlOf(pod, cluster), 60_000)
        for (let count = 0; count < 3; count++)
          expect(await answer(other(cluster), pod, cluster)).toBe(`${cluster} ${pod}`)
      }
    },
    90_000,
  )

  test.each(ZONE)('the same host name of both clusters is two addresses in %s', async (cluster) => {
    expect(await answer(cluster, 'web-0', 'east')).toBe('east web-0')
    expect(await answer(cluster, 'web-0', 'west')).toBe('west web-0')
    const [east] = await addressesOf(cluster, nameOf('web-0', 'east'))
    const [west] = await addressesOf(cluster, nameOf('web-0', 'west'))
    expect(east).not.toBe(west)
  })

  test('the name of the Service has all of them, and SRV names each', async () => {
    const each = ZONE.flatMap((cluster) => ['web-0', 'web-1'].map((pod) => nameOf(pod, cluster)))
    const addresses = await Promise.all(each.map((name) => addressesOf('west', name)))
    expect((await addressesOf('west', SERVICE)).sort()).toEqual(addresses.flat().sort())
    const records = await dig('west', '+short', `_http._tcp.${SERVICE}`, 'SRV')
    const targets = records.split('\n').map((line) => line.split(' ').slice(2).join(' '))
    expect(targets.sort()).toEqual(each.map((name) => `8080 ${name}.`).sort())
  })

  test('a trace shows each pod in its cluster, and the way there', async () => {
    const args = ['trace', 'web', '-n', 'demo', '--context', 'west', '--port', 'http']
    const { stdout } = await clusters.fairlead(args)
    expect(stdout).toMatch(/^demo\/web http 8080\/TCP, from west\/\S+ {3}\(headless\)\n/)
    expect(stdout).toMatch(/^ {2}east .*2 of 2 .*\n.*path 1: .*\n +-> east\/.*\n +- web-0 .*\n +- web-1 /m)
    expect(stdout).toMatch(/^ {2}west .*2 of 2 .*\n.*in this cluster.*\n +- web-0 .*\n +- web-1 /m)
  })

  test('datagrams go to the pod that was named', async () => {
    for (const pod of ['web-0', 'web-1']) {
      const asked = ['node', '--eval', ASK, nameOf(pod, 'east')]
      const { stdout } = await eventually(() => clusters.exec('west', asked), { within: 20_000 })
      expect(stdout).toMatch(new RegExp(`^east ${pod} `))
    }
  }, 60_000)

  test('the pods of the own cluster are reached at their own addresses', async () => {
    const address = await kubectl('west', 'get', 'pod', 'web-1', '-o', 'jsonpath={.status.podIP}')
    expect(await addressesOf('west', nameOf('web-1', 'west'))).toEqual([address])
  })

  test('a pod that is added is reached, and the others stay where they are', async () => {
    const before = await addressesOf('west', nameOf('web-0', 'east'))
    await scale('east', 3)
    await curlEventually(clusters, 'west', urlOf('web-2', 'east'), 30_000)
    expect(await answer('west', 'web-2', 'east')).toBe('east web-2')
    expect(await addressesOf('west', nameOf('web-0', 'east'))).toEqual(before)
  }, 60_000)

  test('a pod that is taken away loses its name, and its address refuses', async () => {
    const [address] = await addressesOf('west', nameOf('web-1', 'east'))
    await scale('east', 1)
    await eventually(
      async () => {
        for (const pod of ['web-1', 'web-2'])
          expect(await status('west', nameOf(pod, 'east'))).toContain('NXDOMAIN')
        const tried = ['curl', '-sS', '--max-time', '2', `http://${address}:8080/`]
        const { code } = await clusters.exec('west', tried, { codes: [0, 7, 28, 52, 56] })
        expect(code).not.toBe(0)
      },
      { within: 30_000 },
    )
    expect(await answer('west', 'web-0', 'east')).toBe('east web-0')
    const services = await kubectl(
      'west',
      'get',
      'services',
      '-l',
      'fairlead.dev/endpoint-cluster=east',
      '-o',
      'name',
    )
    expect(services.split('\n')).toHaveLength(1)
  }, 60_000)

  test('the pod that replaces another is reached by the same name at the same address', async () => {
    const before = await addressesOf('west', nameOf('web-0', 'east'))
    const first = await curl(clusters, 'west', urlOf('web-0', 'east'))
    // kubectl may take the successor, which is there at once under the same name, for the pod that it waits to be gone.
    await kubectl('east', 'delete', 'pod', 'web-0', '--wait=false')
    const second = await eventually(
      async () => {
        const found = await curl(clusters, 'west', '--connect-timeout', '1', urlOf('web-0', 'east'))
        expect(found).not.toBe(first)
        return found
      },
      { within: 30_000 },
    )
    expect(second).toMatch(/^east web-0 /)
    expect(await addressesOf('west', nameOf('web-0', 'east'))).toEqual(before)
  }, 60_000)

  test('unexport leaves the pods of the own cluster, and no object of the others', async () => {
    await kubectl('east', 'delete', 'serviceexport', 'web')
    await eventually(
      async () => {
        expect(await status('west', nameOf('web-0', 'east'))).toContain('NXDOMAIN')
        const objects = ['services,endpointslices', '-l', 'fairlead.dev/derived-from', '-o', 'name']
        expect(await kubectl('west', 'get', ...objects)).toBe('')
      },
      { within: 20_000 },
    )
    expect(await answer('west', 'web-0', 'west')).toBe('west web-0')
    await eventually(async () =>
      expect(await kubectl('east', 'get', 'serviceimports', '-o', 'name')).not.toBe(''),
    )
    expect(await answer('east', 'web-0', 'west')).toBe('west web-0')
  }, 60_000)
})
