/** A container through starts, probes, crashes and its end, on a clock that moves only when told. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, describe, expect, test } from '@jest/globals'
import { ContainerRunner, type ContainerRunnerConfig } from '../../../../src/lab/kubelet/container-runner.ts'
import type { Container } from '../../../../src/lab/kubelet/pod.ts'
import type { ContainerProcess, ExecOutcome, ExitStatus } from '../../../../src/lab/kubelet/runtime.ts'
import { eventually } from '../../../support/eventually.ts'
import { FakeClock } from '../../../support/fake-clock.ts'

/** A process that ends when the test says so, or when it is killed. */
class ScriptedProcess implements ContainerProcess {
  readonly stdout = new PassThrough()
  readonly stderr = new PassThrough()
  readonly signals: string[] = []
  readonly #exit = Promise.withResolvers<ExitStatus>()
  execExit = 0

  get exited(): Promise<ExitStatus> {
    return this.#exit.promise
  }

  pid(): number {
    return 7
  }

  end(code: number): void {
    this.stdout.destroy()
    this.stderr.destroy()
    this.#exit.resolve({ code, signal: undefined })
  }

  signal(name: NodeJS.Signals): void {
    this.signals.push(name)
  }

  kill(): void {
    this.signals.push('SIGKILL')
    this.end(137)
  }

  async exec(): Promise<ExecOutcome> {
    return { exitCode: this.execExit, output: 'said' }
  }
}

const folder = mkdtempSync(join(tmpdir(), 'fl-runner-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** `check` is the exit code that commands of probes begin with. */
function setUp(container: Partial<Container> = {}, config: Partial<ContainerRunnerConfig> = {}, check = 0) {
  const clock = new FakeClock()
  const processes: ScriptedProcess[] = []
  const told: string[] = []
  let failure: Error | undefined
  const runner = new ContainerRunner(
    {
      clock,
      start: async () => {
        if (failure !== undefined) throw failure
        const process = new ScriptedProcess()
        process.execExit = check
        processes.push(process)
        return process
      },
      changed: () => {},
      tell: (reason) => told.push(reason),
    },
    {
      container: { name: 'main', ...container },
      address: '127.0.0.1',
      restart: 'Always',
      restarts: 0,
      logFolder: mkdtempSync(join(folder, 'log-')),
      grace: 3_000,
      ...config,
    },
  )
  const running = runner.run()
  /** The process of a start, once the runner shows it as running. */
  const nth = (count: number) =>
    eventually(
      () => {
        const process = processes[count - 1]
        if (process === undefined || runner.facts.state.kind !== 'running')
          throw new Error(`no process ${count}`)
        return process
      },
      { every: 1 },
    )
  const fail = (error: Error | undefined) => {
    failure = error
  }
  return { clock, runner, running, told, nth, fail }
}

const settled = (check: () => void) => eventually(check, { every: 1 })

describe('a container', () => {
  test('without probes is ready as soon as it runs', async () => {
    const { runner, nth } = setUp()
    await nth(1)
    await settled(() =>
      expect(runner.facts).toMatchObject({ state: { kind: 'running' }, started: true, ready: true }),
    )
    await runner.stop(0)
  })

  test('that ends is started again, later each time', async () => {
    const { clock, runner, nth } = setUp()
    for (const attempt of [1, 2, 3]) {
      ;(await nth(attempt)).end(1)
      await settled(() => expect(runner.facts.state).toMatchObject({ reason: 'CrashLoopBackOff' }))
      await clock.advance(200 * 2 ** (attempt - 1))
    }
    await nth(4)
    await settled(() => expect(runner.facts).toMatchObject({ restarts: 3, last: { exitCode: 1 } }))
    await runner.stop(0)
  })

  test.each([
    ['Never', 1],
    ['Never', 0],
    ['OnFailure', 0],
  ] as const)('with restart policy %s is not started again after exit code %i', async (restart, code) => {
    const { runner, running, nth } = setUp({}, { restart })
    ;(await nth(1)).end(code)
    await running
    expect(runner.facts.state).toMatchObject({ kind: 'terminated', exitCode: code })
  })

  test('that cannot be started says why, once, and is tried again', async () => {
    const { clock, runner, nth, told, fail } = setUp()
    await nth(1)
    fail(new Error('no such key'))
    ;(await nth(1)).end(0)
    await settled(() => expect(clock.pending).toBeGreaterThan(0))
    await clock.advance(200)
    await settled(() =>
      expect(runner.facts.state).toMatchObject({
        reason: 'CreateContainerConfigError',
        message: 'no such key',
      }),
    )
    await clock.advance(5_000)
    fail(undefined)
    await clock.advance(10_000)
    await nth(2)
    expect(told.filter((reason) => reason === 'Failed')).toHaveLength(1)
    await runner.stop(0)
  })

  test('gets SIGTERM when stopped, and SIGKILL after its grace', async () => {
    const { clock, runner, nth } = setUp()
    const process = await nth(1)
    const stopped = runner.stop(3_000)
    await settled(() => expect(process.signals).toEqual(['SIGTERM']))
    await clock.advance(2_999)
    expect(process.signals).toEqual(['SIGTERM'])
    await clock.advance(1)
    await stopped
    expect(process.signals).toEqual(['SIGTERM', 'SIGKILL'])
  })

  test('runs its preStop hook before it is told to end', async () => {
    const { runner, nth } = setUp({ lifecycle: { preStop: { exec: { command: ['bye'] } } } })
    const process = await nth(1)
    const stopped = runner.stop(3_000)
    await settled(() => expect(process.signals).toEqual(['SIGTERM']))
    process.end(0)
    await stopped
  })
})

describe('probes', () => {
  const exec = { exec: { command: ['check'] }, periodSeconds: 5 }

  test('are asked often until the container is ready for the first time, then each period', async () => {
    const { clock, runner, nth } = setUp({ readinessProbe: exec }, {}, 1)
    const process = await nth(1)
    await settled(() => expect(clock.pending).toBe(1))
    await clock.advance(100)
    expect(runner.facts.ready).toBe(false)
    process.execExit = 0
    await clock.advance(100)
    await settled(() => expect(runner.facts.ready).toBe(true))
    process.execExit = 1
    await clock.advance(15_000)
    await settled(() => expect(runner.facts.ready).toBe(false))
    await runner.stop(0)
  })

  test('of liveness kill the container, which is then started again', async () => {
    const { clock, runner, nth, told } = setUp({ livenessProbe: { ...exec, failureThreshold: 2 } }, {}, 1)
    const process = await nth(1)
    await settled(() => expect(clock.pending).toBe(1))
    await clock.advance(5_000)
    await settled(() => expect(process.signals).toEqual(['SIGTERM']))
    await clock.advance(3_000)
    await settled(() => expect(process.signals).toContain('SIGKILL'))
    await settled(() => expect(runner.facts.state).toMatchObject({ reason: 'CrashLoopBackOff' }))
    expect(told).toEqual(expect.arrayContaining(['Unhealthy', 'Killing']))
    await runner.stop(0)
  })

  test('of startup hold the others back', async () => {
    const { clock, runner, nth } = setUp({ startupProbe: { ...exec, failureThreshold: 2 } }, {}, 1)
    const process = await nth(1)
    await settled(() => expect(clock.pending).toBe(1))
    await clock.advance(300)
    expect(runner.facts).toMatchObject({ started: false, ready: false })
    process.execExit = 0
    await clock.advance(100)
    await settled(() => expect(runner.facts).toMatchObject({ started: true, ready: true }))
    await runner.stop(0)
  })
})
