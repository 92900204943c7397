/** Who is told the documents about the network: those who have the token of the mounted Secret, at each moment. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { REPORT_TOKEN_HEADER } from '../../../src/api/network-report.ts'
import { REPORT_MAX_CONNECTIONS } from '../../../src/core/limits.ts'
import { createLogger } from '../../../src/core/log.ts'
import { ReportServer } from '../../../src/core/report-server.ts'
import { reportToken } from '../../../src/router/report-token.ts'

const TOKEN = 'f'.repeat(64)
const log = createLogger('error', {})

let folder: string
let server: ReportServer

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-reports-'))
})

afterEach(async () => {
  await server.stop()
  await rm(folder, { recursive: true })
})

async function serve(host: string): Promise<void> {
  const documents = new Map([
    ['/name', (query: URLSearchParams) => ({ status: 200, value: query.get('of') })],
  ])
  const readToken = reportToken(join(folder, 'token'), log)
  server = new ReportServer({ documents, readToken }, { host, port: 0, header: REPORT_TOKEN_HEADER })
  await server.start()
}

async function get(path: string, token?: string): Promise<string> {
  const headers = token === undefined ? {} : { [REPORT_TOKEN_HEADER]: token }
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { headers })
  return `${response.status} ${(await response.text()).trim()}`
}

const putToken = (token: string) => writeFile(join(folder, 'token'), token)

test('whoever has the token is told, and nobody else, whatever they ask for', async () => {
  await serve('0.0.0.0')
  await putToken(`${TOKEN}\n`)
  expect(await get('/name?of=router', TOKEN)).toBe('200 "router"')
  expect(await get('/other', TOKEN)).toMatch(/^404 /)
  for (const token of [undefined, '', 'f', TOKEN.slice(1), `${TOKEN}f`, TOKEN.toUpperCase()]) {
    expect(await get('/name', token)).toMatch(/^401 .*does not hold the token/)
    expect(await get('/other', token)).toMatch(/^401 /)
  }
})

test('without a Secret, or with one that anybody could guess, nobody is told', async () => {
  await serve('0.0.0.0')
  expect(await get('/name', TOKEN)).toMatch(/^401 /)
  for (const token of ['', '\n', 'short']) {
    await putToken(token)
    expect(await get('/name', token.trim())).toMatch(/^401 /)
  }
})

test('another token holds from the next request on', async () => {
  await serve('0.0.0.0')
  await putToken(TOKEN)
  expect(await get('/name', TOKEN)).toMatch(/^200 /)
  const next = 'e'.repeat(64)
  await putToken(next)
  expect(await get('/name', TOKEN)).toMatch(/^401 /)
  expect(await get('/name', next)).toMatch(/^200 /)
})

test.each(['127.0.0.1', '127.0.0.7'])(
  'a port of %s, which only the machine reaches, needs no token',
  async (host) => {
    await serve(host)
    const response = await fetch(`http://${host}:${server.port}/name?of=site`)
    expect([response.status, await response.json()]).toEqual([200, 'site'])
  },
)

test('strangers who hold connections open hold no more than the port may have', async () => {
  await serve('0.0.0.0')
  const open = Array.from({ length: REPORT_MAX_CONNECTIONS + 8 }, () =>
    connect({ host: '127.0.0.1', port: server.port }),
  )
  const closed = open.map(
    (socket) => new Promise<void>((resolve) => socket.on('error', () => {}).once('close', () => resolve())),
  )
  let ended = 0
  for (const end of closed) void end.then(() => ended++)
  await Promise.race(closed)
  expect(ended).toBeLessThanOrEqual(8)
  for (const socket of open) socket.destroy()
  await Promise.all(closed)
})
