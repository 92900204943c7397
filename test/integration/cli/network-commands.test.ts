/** `fairlead topology` and `fairlead trace` against an API over HTTP that refuses, and one that has a router behind it. */
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { TopologyReport, TraceReport } from '../../../src/api/network-report.ts'
import { fairlead as runHere } from '../../support/run-cli.ts'
import {
  type StubAnswer as Answer,
  forbidden as refused,
  type StubApi,
  startStubApi,
} from '../../support/stub-api.ts'

const PODS = '/api/v1/namespaces/fairlead-system/pods'
const PROXY = `${PODS}/router-0%3A9092/proxy`
const SECRET = '/api/v1/namespaces/fairlead-system/secrets/fairlead-reports'
const TOKEN = 'a'.repeat(64)

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

let api: StubApi
let answers: StubApi['answers']

beforeEach(async () => {
  api = await startStubApi({
    [PODS]: pods,
    [SECRET]: { status: 200, value: { data: { token: Buffer.from(`${TOKEN}\n`).toString('base64') } } },
  })
  answers = api.answers
})
afterEach(() => api.stop())

const asked = () => api.requests.map(({ url }) => url)
/** The tokens that routers were given. */
const tokens = () =>
  new Set(
    api.requests
      .filter(({ url }) => url.startsWith(PROXY))
      .map(({ headers }) => headers['fairlead-report-token']),
  )

function fairlead(...args: string[]) {
  return runHere(...args, '--kubeconfig', api.kubeconfig)
}

const forbidden = (what: string) => refused(what, 'fairlead-system')

const PROXY_RULE = '{"apiGroups":[""],"resources":["pods/proxy"],"verbs":["get"]}'
const TOKEN_RULE =
  '{"apiGroups":[""],"resources":["secrets"],"resourceNames":["fairlead-reports"],"verbs":["get"]}'
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
  'without the right to list pods %j names all rules that it takes',
  async (command) => {
    answers[PODS] = forbidden('list resource "pods"')
    const { code, stderr } = await fairlead(...command)
    expect(code).toBe(1)
    expect(stderr).toContain('no right to list pods in namespace fairlead-system')
    expect(stderr).toContain(`the rules ${LIST_RULE} and ${TOKEN_RULE} and ${PROXY_RULE}`)
  },
)

test('without the right to the token that right is named, and nothing is asked of a router', async () => {
  answers[SECRET] = forbidden('get resource "secrets"')
  const { code, stderr } = await fairlead('topology')
  expect(code).toBe(1)
  expect(stderr).toContain('no right to get Secret fairlead-reports in namespace fairlead-system')
  expect(stderr).toContain(`the rules ${TOKEN_RULE} and ${PROXY_RULE}`)
  expect(tokens()).toEqual(new Set())
})

test.each([
  ['there is none', { status: 404, value: { kind: 'Status', reason: 'NotFound', details: { name: 'x' } } }],
  ['it is empty', { status: 200, value: { data: {} } }],
  [
    'no header can hold it',
    { status: 200, value: { data: { token: Buffer.from('a\nb').toString('base64') } } },
  ],
])('the Secret of the token is named when %s', async (_, answer) => {
  answers[SECRET] = answer
  const { code, stderr } = await fairlead('topology')
  expect([code, stderr]).toEqual([1, expect.stringMatching(/Secret fairlead-reports .*is not there/)])
})

test('a router that has another token says so', async () => {
  answers[`${PROXY}/topology`] = { status: 401, value: { error: 'the header does not hold the token' } }
  expect((await fairlead('topology')).stderr).toBe('fairlead: the header does not hold the token\n')
})

test('a member of one namespace is asked in that namespace', async () => {
  await fairlead('topology', '--system-namespace', 'team')
  expect(asked().filter((url) => url.startsWith('/api/v1/namespaces/team/pods'))).toHaveLength(1)
})

test('a port that the import does not have is named by the router, which has the last word', async () => {
  const error = 'demo/web has no port grpc in this cluster: it has http (80/TCP)'
  answers[`${PROXY}/trace`] = { status: 404, value: { error } }
  expect(await fairlead('trace', 'web', '--port', 'grpc')).toEqual({
    code: 1,
    stdout: '',
    stderr: `fairlead: ${error}\n`,
  })
  expect(asked()).toContain(`${PROXY}/trace?namespace=demo&name=web&port=grpc`)
})

test('the documents are asked for and told', async () => {
  answers[`${PROXY}/trace`] = { status: 200, value: trace }
  answers[`${PROXY}/topology`] = { status: 200, value: topology }
  expect((await fairlead('topology')).stdout).toContain('router-0   (tells this)')
  expect((await fairlead('trace', 'web')).stdout).toContain('demo/web http 80/TCP, from a/router-0')
  expect(JSON.parse((await fairlead('trace', 'web', '--port', '80', '-o', 'json')).stdout)).toEqual(trace)
  expect(asked().filter((url) => url.includes('/trace'))).toEqual([
    `${PROXY}/trace?namespace=demo&name=web`,
    `${PROXY}/trace?namespace=demo&name=web&port=80`,
  ])
  expect(tokens()).toEqual(new Set([TOKEN]))
  answers[`${PROXY}/trace`] = { status: 200, value: { ...trace, ports: [] } }
  expect((await fairlead('trace', 'web')).stderr).toContain('demo/web is not imported in this cluster')
})
