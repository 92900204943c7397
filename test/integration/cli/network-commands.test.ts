/** `fairlead topology` and `fairlead trace` against an API over HTTP that refuses, and one that has a router behind it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { TopologyReport, TraceReport } from '../../../src/api/network-report.ts'
import { fairlead as runHere } from '../../support/run-cli.ts'

interface Answer {
  readonly status: number
  readonly value: unknown
}

const PODS = '/api/v1/namespaces/fairlead-system/pods'
const PROXY = `${PODS}/router-0%3A9090/proxy`

const ready = { status: { conditions: [{ type: 'Ready', status: 'True' }] } }
const pods: Answer = {
  status: 200,
  value: { metadata: {}, items: [{ metadata: { name: 'router-0' }, ...ready }] },
}
const self = { id: 'id-a', name: 'router-0', cluster: 'a', draining: false }
const topology: TopologyReport = {
  self: 'id-a',
  clusters: [{ cluster: 'a', reachable: true }],
  routers: [{ ...self, reachable: true }],
  links: [],
  omitted: 0,
}
const trace: TraceReport = {
  router: self,
  service: 'demo/web',
  ports: [{ name: 'http', port: 80, protocol: 'TCP', tiers: [], refused: [] }],
  omitted: 0,
}

let folder: string
let server: Server
/** By what the path begins with; the longest counts. */
let answers: Record<string, Answer>
const asked: string[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-commands-'))
  answers = { [PODS]: pods }
  asked.splice(0)
  server = createServer((request, response) => {
    const url = request.url ?? ''
    asked.push(url)
    const [key = ''] = Object.keys(answers)
      .filter((path) => url.startsWith(path))
      .sort((a, b) => b.length - a.length)
    const { status, value } = answers[key] ?? { status: 404, value: { kind: 'Status', message: 'none' } }
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const config = {
    clusters: [{ name: 'c', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: {} }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u', namespace: 'demo' } }],
    'current-context': 'c',
  }
  await writeFile(join(folder, 'kubeconfig'), JSON.stringify(config), { mode: 0o600 })
})

afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await rm(folder, { recursive: true })
})

function fairlead(...args: string[]) {
  return runHere(...args, '--kubeconfig', join(folder, 'kubeconfig'))
}

/** As kube-apiserver refuses. */
function forbidden(what: string): Answer {
  const message = `pods is forbidden: User "ada" cannot ${what} in the namespace "fairlead-system"`
  return { status: 403, value: { kind: 'Status', reason: 'Forbidden', code: 403, message, details: {} } }
}

const PROXY_RULE = '{"apiGroups":[""],"resources":["pods/proxy"],"verbs":["get"]}'
const LIST_RULE = '{"apiGroups":[""],"resources":["pods"],"verbs":["list"]}'

test.each([[['topology']], [['trace', 'web']]])(
  'without the right to pods/proxy %j names it, the namespace and the rule, in one line',
  async (command) => {
    answers[PROXY] = forbidden('get resource "pods/proxy"')
    const { code, stdout, stderr } = await fairlead(...command)
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(stderr).toContain('no right to get pods/proxy in namespace fairlead-system')
    expect(stderr).toContain(`the rule ${PROXY_RULE}`)
    expect(stderr).toContain('User "ada"')
  },
)

test.each([[['topology']], [['trace', 'web']]])(
  'without the right to list pods %j names both rules that it takes',
  async (command) => {
    answers[PODS] = forbidden('list resource "pods"')
    const { code, stderr } = await fairlead(...command)
    expect(code).toBe(1)
    expect(stderr).toContain('no right to list pods in namespace fairlead-system')
    expect(stderr).toContain(`the rules ${LIST_RULE} and ${PROXY_RULE}`)
  },
)

test('a port that the import does not have is named by the router, which has the last word', async () => {
  const error = 'demo/web has no port grpc in this cluster: it has http (80/TCP)'
  answers[`${PROXY}/trace`] = { status: 404, value: { error } }
  expect(await fairlead('trace', 'web', '--port', 'grpc')).toEqual({
    code: 1,
    stdout: '',
    stderr: `fairlead: ${error}\n`,
  })
  expect(asked).toContain(`${PROXY}/trace?namespace=demo&name=web&port=grpc`)
})

test('the documents are asked for and told', async () => {
  answers[`${PROXY}/trace`] = { status: 200, value: trace }
  answers[`${PROXY}/topology`] = { status: 200, value: topology }
  expect((await fairlead('topology')).stdout).toContain('router-0   (tells this)')
  expect((await fairlead('trace', 'web')).stdout).toContain('demo/web http 80/TCP, from a/router-0')
  expect(JSON.parse((await fairlead('trace', 'web', '--port', '80', '-o', 'json')).stdout)).toEqual(trace)
  expect(asked.filter((url) => url.includes('/trace'))).toEqual([
    `${PROXY}/trace?namespace=demo&name=web`,
    `${PROXY}/trace?namespace=demo&name=web&port=80`,
  ])
  answers[`${PROXY}/trace`] = { status: 200, value: { ...trace, ports: [] } }
  expect((await fairlead('trace', 'web')).stderr).toContain('demo/web is not imported in this cluster')
})
