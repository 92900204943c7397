/** The objects that the checks of conformance export: Service hello, its pods, which say their address, and its export. */
import type { ServiceExport } from '../../../src/api/mcs.ts'
import type { Service, ServicePort } from '../../../src/api/objects.ts'

export const HELLO = 'hello'

/** Number of both ports of hello, the one of its Service and the one of its pods. */
export const HELLO_PORT = 42

export const TCP_PORT: ServicePort = { name: 'tcp', protocol: 'TCP', port: HELLO_PORT }
export const UDP_PORT: ServicePort = { name: 'udp', protocol: 'UDP', port: HELLO_PORT }

/** On every Service and export of these checks; never on an import. */
export const SERVICE_METADATA = { 'conformance.example/of-the-service': 'kept' }
export const EXPORT_METADATA = { 'conformance.example/of-the-export': 'kept' }

/** Answers each connection with one line, and closes it. */
const TCP_SERVER = `
const answer = 'pod ip ' + process.env.POD_IP + ' of ' + process.env.CLUSTER + '\\n'
require('node:net').createServer((socket) => {
  socket.on('error', () => {})
  socket.resume().end(answer)
}).listen(${HELLO_PORT})`

/** Answers each datagram with one line, of both families where the node has both. */
const UDP_SERVER = `
const answer = 'pod ip ' + process.env.POD_IP + ' of ' + process.env.CLUSTER + '\\n'
for (const type of process.env.POD_IPS.includes(':') ? ['udp4', 'udp6'] : ['udp4']) {
  const socket = require('node:dgram').createSocket({ type, ipv6Only: type === 'udp6' })
  socket.on('message', (_, { port, address }) => socket.send(answer, port, address)).bind(${HELLO_PORT})
}`

/** Service hello; `spec` says what is different about it. */
export function helloService(spec: Service['spec'] = {}): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: HELLO, labels: SERVICE_METADATA, annotations: SERVICE_METADATA },
    spec: {
      selector: { app: HELLO },
      ports: [TCP_PORT, UDP_PORT],
      sessionAffinity: 'ClientIP',
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 10 } },
      ...(spec.type === 'ExternalName' ? {} : { ipFamilyPolicy: 'PreferDualStack' }),
      ...spec,
    },
  }
}

/** Pods of hello that answer `pod ip ADDRESS of CLUSTER`, over TCP and UDP. */
export function helloDeployment(cluster: string, replicas = 1): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: HELLO },
    spec: { replicas, ...helloPods(cluster) },
  }
}

/** The same pods with host names that stay. */
export function helloStatefulSet(cluster: string, replicas: number): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: `${HELLO}-set` },
    spec: { replicas, serviceName: HELLO, ...helloPods(cluster) },
  }
}

function helloPods(cluster: string): object {
  return {
    selector: { matchLabels: { app: HELLO } },
    template: {
      metadata: { labels: { app: HELLO } },
      spec: { containers: [container('tcp', TCP_SERVER, cluster), container('udp', UDP_SERVER, cluster)] },
    },
  }
}

function container(name: string, script: string, cluster: string): object {
  return {
    name,
    image: 'node:24-slim',
    command: ['node', '--eval', script],
    env: [
      { name: 'POD_IPS', valueFrom: { fieldRef: { fieldPath: 'status.podIPs' } } },
      { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'CLUSTER', value: cluster },
    ],
  }
}

/** The export of Service `name`. */
export function exportOf(name: string, spec?: ServiceExport['spec']): ServiceExport {
  return {
    apiVersion: 'multicluster.x-k8s.io/v1beta1',
    kind: 'ServiceExport',
    metadata: { name, labels: EXPORT_METADATA, annotations: EXPORT_METADATA },
    ...(spec === undefined ? {} : { spec }),
  }
}
