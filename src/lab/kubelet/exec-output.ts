/** The end and the first output of a short command inside a container. */
import type { ChildProcess } from 'node:child_process'
import { constants } from 'node:os'
import { TimeoutError } from '../../core/errors.ts'
import { MAX_PROBE_OUTPUT } from './limits.ts'
import { signalProcess } from './process-tree.ts'
import type { ExecOutcome } from './runtime.ts'

/** `child` leads a process group of its own, which is killed when it takes longer than `timeout` milliseconds. */
export async function collectOutput(child: ChildProcess, timeout: number): Promise<ExecOutcome> {
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      if (output.length < MAX_PROBE_OUTPUT) output += chunk.toString('utf8')
    })
  }
  const ended = Promise.withResolvers<ExecOutcome>()
  const timer = setTimeout(() => {
    if (child.pid !== undefined) signalProcess(-child.pid, 'SIGKILL')
    ended.reject(new TimeoutError(`the command took longer than ${timeout} ms`))
  }, timeout)
  child.once('error', ended.reject)
  child.once('close', (code, signal) => {
    const exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal])
    ended.resolve({ exitCode, output: output.slice(0, MAX_PROBE_OUTPUT) })
  })
  try {
    return await ended.promise
  } finally {
    clearTimeout(timer)
  }
}
