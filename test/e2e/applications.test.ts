/** Real servers from Debian's packages in east, their real clients in west (done-when 4). */
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { build } from 'esbuild'
import { apply, type Clusters, curlEventually, rolledOut, upClusters } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { describeInLab, missingCommands } from '../support/missing.ts'
import { run } from '../support/run.ts'
import { ROOT } from '../support/source-tree.ts'

const SERVICES = ['postgres', 'redis', 'nginx', 'ws-echo', 'sshd']
const host = (service: string) => `${service}.demo.svc.clusterset.local`
// Servers change their user (PostgreSQL refuses root, sshd drops privileges): an ordinary user's namespace has only one.
const root = process.getuid?.() === 0 ? [] : ['root']

describeInLab(
  ['psql', 'pgbench', 'redis-server', 'redis-benchmark', 'nginx', 'sshd', 'ssh', ...root],
  'applications',
  () => {
    let clusters: Clusters
    let folder: string

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'fairlead-applications-'))
      clusters = await upClusters()
      for (const cluster of ['east', 'west']) await clusters.kubectl(cluster, ['create', 'namespace', 'demo'])
      await makeInputs(folder)
      await clusters.kubectl('east', [
        'create',
        'configmap',
        'ws-echo',
        '-n',
        'demo',
        `--from-file=${join(folder, 'ws-echo.cjs')}`,
      ])
      await clusters.kubectl('east', [
        'create',
        'configmap',
        'ssh-keys',
        '-n',
        'demo',
        `--from-file=${join(folder, 'id.pub')}`,
      ])
      const uid =
        missingCommands('id').length === 0 ? (await run(['id', '-u', 'postgres'])).stdout.trim() : '999'
      const yaml = await readFile(join(ROOT, 'test/e2e/applications.yaml'), 'utf8')
      await apply(clusters, 'east', yaml.replaceAll('__POSTGRES_UID__', uid))
      for (const service of SERVICES)
        await clusters.fairlead(['export', service, '-n', 'demo', '--context', 'east'])
      await Promise.all(SERVICES.map((service) => rolledOut(clusters, 'east', service)))
      await curlEventually(clusters, 'west', `http://${host('nginx')}/`)
      await eventually(() =>
        clusters.exec('west', ['psql', '-h', host('postgres'), '-U', 'postgres', '-c', 'select 1']),
      )
    }, 240_000)
    afterAll(async () => {
      await clusters?.down()
      await rm(folder, { recursive: true, force: true })
    }, 60_000)

    test('psql writes and reads a table', async () => {
      const sql =
        'create table boats (name text); insert into boats select md5(i::text) from generate_series(1, 20000) i; select count(distinct name) from boats'
      const result = await clusters.exec('west', [
        'psql',
        '-h',
        host('postgres'),
        '-U',
        'postgres',
        '-Atc',
        sql,
      ])
      expect(result.stdout.trim().split('\n').at(-1)).toBe('20000')
    }, 30_000)

    test('pgbench with 8 clients has no failed transaction', async () => {
      const pgbench = (...args: string[]) =>
        clusters.exec('west', ['pgbench', '-h', host('postgres'), '-U', 'postgres', ...args, 'postgres'])
      await pgbench('-i', '-q')
      const result = await pgbench('-c', '8', '-T', '5')
      expect(result.stdout).toMatch(/number of failed transactions: 0 /)
      expect(Number(/transactions actually processed: (\d+)/.exec(result.stdout)?.[1])).toBeGreaterThan(0)
    }, 60_000)

    test('redis-benchmark completes', async () => {
      const result = await clusters.exec('west', [
        'redis-benchmark',
        '-h',
        host('redis'),
        '-n',
        '20000',
        '-c',
        '50',
        '-t',
        'set,get',
        '--csv',
      ])
      expect(result.stdout).toMatch(/"SET","\d/)
      expect(result.stdout).toMatch(/"GET","\d/)
      expect(result.stderr).not.toMatch(/error/i)
    }, 60_000)

    test('nginx answers two requests on one kept connection', async () => {
      const url = `http://${host('nginx')}/`
      const result = await clusters.exec('west', ['curl', '-sS', '--fail', url, url])
      expect(result.stdout).toBe('http1 1\nhttp1 2\n')
    })

    test('HTTP/2 in clear text works', async () => {
      const result = await clusters.exec('west', [
        'curl',
        '-sS',
        '--fail',
        '--http2-prior-knowledge',
        '-w',
        '%{http_version}',
        `http://${host('nginx')}:81/`,
      ])
      expect(result.stdout).toBe('HTTP/2.0\n2')
    })

    test('a WebSocket echoes and closes in order', async () => {
      const result = await clusters.exec('west', [
        'node',
        join(folder, 'ws-echo.cjs'),
        'client',
        `ws://${host('ws-echo')}:9000/`,
      ])
      expect(JSON.parse(result.stdout)).toEqual({ answers: [true, true, true], code: 1000 })
    })

    test('ssh logs in with a key and carries 20 MB both ways', async () => {
      const payload = randomBytes(20_000_000)
      const options = [
        'StrictHostKeyChecking=no',
        'UserKnownHostsFile=/dev/null',
        'LogLevel=ERROR',
        'BatchMode=yes',
      ].flatMap((option) => ['-o', option])
      const ssh = (command: string, input: Buffer) =>
        clusters.exec(
          'west',
          ['ssh', '-i', join(folder, 'id'), ...options, `root@${host('sshd')}`, command],
          { input },
        )
      const received = await ssh('sha256sum', payload)
      expect(received.stdout.split(' ')[0]).toBe(createHash('sha256').update(payload).digest('hex'))
      const echoed = await ssh('base64 -w0', payload)
      expect(Buffer.from(echoed.stdout, 'base64').equals(payload)).toBe(true)
    }, 60_000)
  },
)

/** The WebSocket peer as one file that needs no packages, and a key pair. */
async function makeInputs(folder: string): Promise<void> {
  await build({
    entryPoints: [join(ROOT, 'test/support/ws-echo.mjs')],
    outfile: join(folder, 'ws-echo.cjs'),
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'error',
  })
  await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'id')])
}
