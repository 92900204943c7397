/** Who may connect to our pods, by the NetworkPolicies of the manifests: the lab enforces none, so this is a table. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { parseAllDocuments } from 'yaml'
import { LISTEN_PORTS, Port } from '../../../src/api/names.ts'
import { buildKustomization } from '../../../src/cli/install/kustomize.ts'
import {
  type Connection,
  isLetThrough,
  type NetworkPolicy,
  type Place,
} from '../../support/network-policy.ts'
import { ROOT } from '../../support/source-tree.ts'

const WEB_SOCKET = 5_680

async function policiesOf(folder: string): Promise<NetworkPolicy[]> {
  const objects = await buildKustomization(join(ROOT, 'manifests', folder))
  return objects.filter(({ kind }) => kind === 'NetworkPolicy') as NetworkPolicy[]
}

/** A pod of ours. */
const process = (name: string, namespace = 'fairlead-system'): Place => ({
  namespace,
  labels: { 'app.kubernetes.io/name': `fairlead-${name}` },
})
const tenant: Place = { namespace: 'shop', labels: { app: 'web' }, address: '10.244.0.9' }
const labelled: Place = { ...tenant, labels: { 'app.kubernetes.io/name': 'prometheus' } }
const monitoring: Place = { namespace: 'monitoring', namespaceLabels: { 'fairlead.dev/metrics': 'true' } }
const outside: Place = { address: '198.51.100.7' }

const policies = await policiesOf('base')
const reaches = (from: Place, to: Place, port: number, protocol: Connection['protocol'] = 'TCP') =>
  isLetThrough(policies, { from, to, port, protocol })

const WHO = { tenant, outside, monitoring, 'another process of ours': process('dns') }
const OPEN = [
  ['router', Port.link, 'TCP'],
  ['router', Port.reports, 'TCP'],
  ...(['TCP', 'UDP'] as const).flatMap((protocol) =>
    [LISTEN_PORTS.first, 25_000, LISTEN_PORTS.last].map((port) => ['router', port, protocol] as const),
  ),
  ['controller', Port.join, 'TCP'],
  ['dns', Port.dns, 'UDP'],
  ['dns', Port.dns, 'TCP'],
] as const

test.each(OPEN)('%s takes connections at port %i/%s from everybody', (name, port, protocol) => {
  const refused = Object.entries(WHO).filter(([, from]) => !reaches(from, process(name), port, protocol))
  expect(refused).toEqual([])
})

test.each(['router', 'controller', 'dns'])(
  'health and metrics of %s are for namespaces that an administrator has labelled',
  (name) => {
    expect(reaches(monitoring, process(name), Port.health)).toBe(true)
    for (const from of [tenant, labelled, outside, process('router'), process('dns')])
      expect(reaches(from, process(name), Port.health)).toBe(false)
  },
)

test('everything else is closed, whoever comes', () => {
  const open = OPEN.map(([name, port, protocol]) => `${name} ${port}/${protocol}`)
  const ports = [
    22,
    80,
    443,
    WEB_SOCKET,
    ...Object.values(Port),
    LISTEN_PORTS.first - 1,
    LISTEN_PORTS.last + 1,
  ]
  const reached = ['router', 'controller', 'dns'].flatMap((name) =>
    ports.flatMap((port) =>
      (['TCP', 'UDP'] as const)
        .filter((protocol) => reaches(tenant, process(name), port, protocol))
        .map((protocol) => `${name} ${port}/${protocol}`),
    ),
  )
  expect(reached.filter((each) => !open.includes(each))).toEqual([])
})

test('a router may connect to anything, since backends and clusters are anywhere', () => {
  for (const to of [tenant, outside, { address: '2001:db8::7' }])
    expect(reaches(process('router'), to, 8080)).toBe(true)
})

test('a pod of somebody else is none of their business', () => {
  expect(reaches(outside, tenant, 80)).toBe(true)
  expect(reaches(tenant, process('router', 'shop'), Port.health)).toBe(true)
})

test('every process has a policy, and there is no other', async () => {
  const names = policies.map(({ metadata }) => metadata.name).sort()
  expect(names).toEqual(['fairlead-controller', 'fairlead-dns', 'fairlead-router'])
})

test('behind an ingress WebSockets come in too', async () => {
  const connection = { from: tenant, to: process('router'), port: WEB_SOCKET, protocol: 'TCP' } as const
  expect(isLetThrough(policies, connection)).toBe(false)
  expect(isLetThrough(await policiesOf('overlays/ingress'), connection)).toBe(true)
})

test('the example lets controller and resolver connect to the API, the routers and names, and nothing else', () => {
  const text = readFileSync(join(ROOT, 'examples/network-policies/egress.yaml'), 'utf8')
  const example = parseAllDocuments(text).map((document) => document.toJS() as NetworkPolicy)
  const all = [...policies, ...example]
  const may = (from: string, to: Place, port: number, protocol: Connection['protocol'] = 'TCP') =>
    isLetThrough(all, { from: process(from), to, port, protocol })
  const api = { address: '192.0.2.10' }
  const names = { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } }
  expect([may('controller', api, 6443), may('dns', api, 6443)]).toEqual([true, true])
  expect(may('controller', process('router'), Port.link)).toBe(true)
  expect(may('controller', names, 53, 'UDP')).toBe(true)
  for (const [to, port] of [
    [tenant, 80],
    [outside, 443],
    [{ address: '169.254.169.254' }, 80],
  ] as const) {
    expect([may('controller', to, port), may('dns', to, port)]).toEqual([false, false])
  }
  expect(may('router', outside, 443)).toBe(true)
})
