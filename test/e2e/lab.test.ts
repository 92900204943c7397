/** The lab as its users see it: up, exec, status, down, and no trace whatever way it ends (done-when 1). */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { fairlead, startFairlead } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { describeInLab } from '../support/missing.ts'
import { collect, run } from '../support/run.ts'
import { expectNoTraces, type Traces, traces } from '../support/traces.ts'

describeInLab(['dig'], 'a bare lab', () => {
  let state: string
  const lab = (command: string, ...args: string[]) => ['lab', command, '--state', state, ...args]
  const inEast = (...command: string[]) =>
    fairlead([...lab('exec', 'east'), '--', ...command], { codes: [0, 1, 3, 7, 42, 130, 137, 143] })

  beforeAll(async () => {
    state = await mkdtemp(join(tmpdir(), 'fairlead-lab-'))
    await fairlead(lab('up', '--bare', '--detach'), { timeout: 60_000 })
  }, 90_000)
  afterAll(async () => {
    await fairlead(lab('down'))
    await rm(state, { recursive: true, force: true })
  }, 60_000)

  test('status names both clusters and says that they are ready', async () => {
    const status = JSON.parse((await fairlead(lab('status', '-o', 'json'))).stdout) as {
      clusters: { name: string }[]
    }
    expect(status.clusters.map((cluster) => cluster.name)).toEqual(['east', 'west'])
  })

  test('a second up of a running lab is refused, saying so', async () => {
    await expect(fairlead(lab('up', '--bare', '--detach'))).rejects.toThrow(/a lab runs in .* already/)
  })

  test('every cluster has the same pod and service networks', async () => {
    const kubeconfig = (await fairlead(lab('kubeconfig'))).stdout.trim()
    for (const cluster of ['east', 'west']) {
      const address = await fairlead([...lab('exec', cluster), '--', 'hostname', '-I'])
      expect(address.stdout).toMatch(/^10\.244\./)
      const service = await run([
        'kubectl',
        '--kubeconfig',
        kubeconfig,
        '--context',
        cluster,
        'get',
        'service',
        'kubernetes',
        '-o',
        'jsonpath={.spec.clusterIP}',
      ])
      expect(service.stdout).toBe('10.96.0.1')
    }
  })

  test('exec passes input, output, arguments and the exit code on', async () => {
    const echoed = await fairlead(
      [...lab('exec', 'east'), '--', 'sh', '-c', 'cat; echo "$1" >&2; exit 42', 'sh', 'two words'],
      { input: 'some input', codes: [42] },
    )
    expect(echoed).toEqual({ stdout: 'some input', stderr: 'two words\n', code: 42 })
  })

  test('exec passes signals on', async () => {
    const child = startFairlead([
      ...lab('exec', 'east'),
      '--',
      'sh',
      '-c',
      'trap "echo caught; exit 7" TERM; echo ready; while :; do sleep 0.1; done',
    ])
    const output = collect(child.stdout)
    await once(child.stdout as NodeJS.EventEmitter, 'readable')
    child.kill('SIGTERM')
    const [code] = (await once(child, 'exit')) as [number]
    expect(code).toBe(7)
    expect(await output).toBe('ready\ncaught\n')
  })

  test('cluster names resolve and unknown ones do not', async () => {
    expect((await inEast('dig', '+short', 'kubernetes.default.svc.cluster.local')).stdout.trim()).toBe(
      '10.96.0.1',
    )
    expect((await inEast('dig', 'nothing.default.svc.cluster.local')).stdout).toContain('NXDOMAIN')
    expect((await inEast('getent', 'hosts', 'kubernetes.default')).stdout).toContain('10.96.0.1')
  })

  test('cut drops every packet between two clusters and heal lets them through again', async () => {
    const reach = async () =>
      (
        await fairlead(
          [
            ...lab('exec', 'east'),
            '--',
            'curl',
            '-sk',
            '--max-time',
            '1',
            'https://172.31.0.11:6443/healthz',
          ],
          { codes: [0, 7, 28] },
        )
      ).code === 0
    await eventually(reach)
    await fairlead(lab('cut', 'east', 'west'))
    expect(await reach()).toBe(false)
    await fairlead(lab('heal', 'east', 'west'))
    await eventually(reach)
  })

  test('an unknown cluster is one clear error', async () => {
    await expect(fairlead([...lab('exec', 'north'), '--', 'true'])).rejects.toThrow(/north.*(east, west)/s)
  })
})

describeInLab([], 'the end of a lab', () => {
  let state: string
  let before: Traces
  const lab = (command: string, ...args: string[]) => ['lab', command, '--state', state, ...args]
  const sameAsBefore = () => expectNoTraces(state, before)

  beforeEach(async () => {
    state = await mkdtemp(join(tmpdir(), 'fairlead-lab-'))
    before = await traces(state)
  })
  afterEach(async () => {
    await fairlead(lab('down'), { codes: [0, 1] })
    await rm(state, { recursive: true, force: true })
  }, 60_000)

  test('down leaves nothing behind, and may be repeated', async () => {
    await fairlead(lab('up', '--bare', '--detach'), { timeout: 60_000 })
    expect((await traces(state)).processes).not.toEqual([])
    await fairlead(lab('down'))
    await eventually(sameAsBefore)
    await fairlead(lab('down'))
  }, 90_000)

  test('Ctrl-C of a foreground up leaves nothing behind', async () => {
    const up = startFairlead(lab('up', '--bare'))
    void collect(up.stdout)
    void collect(up.stderr)
    await eventually(() => fairlead(lab('status')), { within: 60_000, every: 500 })
    up.kill('SIGINT')
    await once(up, 'exit')
    await eventually(sameAsBefore)
  }, 90_000)

  test('kill -9 of up leaves nothing behind, and the next up recovers the stale state', async () => {
    const up = startFairlead(lab('up', '--bare'))
    void collect(up.stdout)
    void collect(up.stderr)
    await eventually(() => fairlead(lab('status')), { within: 60_000, every: 500 })
    up.kill('SIGKILL')
    await eventually(sameAsBefore)
    await fairlead(lab('up', '--bare', '--detach'), { timeout: 60_000 })
    expect((await fairlead([...lab('exec', 'west'), '--', 'echo', 'alive'])).stdout).toBe('alive\n')
  }, 120_000)
})
