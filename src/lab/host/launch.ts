/** Starts the lab's supervisor in namespaces of its own and follows its progress. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { systemClock } from '../../core/clock.ts'
import { readLines } from '../control/line-reader.ts'
import { processCommand } from '../entry.ts'
import { LabError } from '../errors.ts'
import type { LabFiles } from '../layout.ts'
import { STOP_GRACE } from '../limits.ts'
import type { ProgressEvent } from '../progress.ts'
import { systemEnv } from '../system-env.ts'
import { namespaceCommand } from './namespace-command.ts'

/**
 * First process of the lab: it reaps what others leave behind, and its end is the end of everything in the lab. $1 is
 * where the lab's memory goes, the rest is the supervisor.
 * Before /proc is replaced, /proc/self/stat tells how the host numbers this process.
 */
const INIT = `read -r FAIRLEAD_LAB_PID rest < /proc/self/stat
export FAIRLEAD_LAB_PID
mount -t proc proc /proc && mount -t tmpfs -o mode=755 tmpfs "$1" || exit 1
shift
"$@"
exit $?`

/** Why a lab is gone. */
export type LabEnd = 'asked' | 'broken'

/** A supervisor that runs. */
export interface LaunchedLab {
  /** Resolves when all clusters are ready; rejects when they cannot be. */
  readonly ready: Promise<void>
  /** Resolves when the supervisor, and with it everything in the lab, is gone: `asked` when somebody wanted that. */
  readonly ended: Promise<LabEnd>
  /** Ends it. */
  stop(): Promise<void>
}

/** `tell` gets a line for each step. */
export function launchSupervisor(files: LabFiles, tell: (message: string) => void): LaunchedLab {
  return follow(
    spawnSupervisor([...namespaceCommand(), '/bin/sh', '-c', INIT, 'lab', files.memory], files),
    files,
    tell,
  )
}

/** The same without namespaces. */
export function launchPlain(files: LabFiles, tell: (message: string) => void): LaunchedLab {
  return follow(spawnSupervisor([], files), files, tell)
}

function spawnSupervisor(wrapper: readonly string[], files: LabFiles): ChildProcess {
  const [file = '', ...args] = [...wrapper, ...processCommand('lab-init'), files.state]
  const log = openSync(files.log, 'a', 0o600)
  try {
    // A session of its own: Ctrl-C is for the command that started the lab, which then ends it in order.
    return spawn(file, args, { stdio: ['pipe', 'pipe', log], env: systemEnv(), detached: true })
  } finally {
    closeSync(log)
  }
}

function follow(child: ChildProcess, files: LabFiles, tell: (message: string) => void): LaunchedLab {
  const ready = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<LabEnd>()
  child.stdin?.on('error', () => {})
  child.once('error', (cause) => ready.reject(new LabError('cannot start the lab', { cause })))
  child.once('close', (code) => {
    ready.reject(new LabError(`the lab was ended while it started: see ${files.log}`))
    ended.resolve(code === 0 ? 'asked' : 'broken')
  })
  readProgress(child, ready, tell).catch(ready.reject)
  // Nobody may be waiting any more when the lab ends later.
  ready.promise.catch(() => {})
  return {
    ready: ready.promise,
    ended: ended.promise,
    async stop() {
      child.stdin?.destroy()
      const cancel = systemClock.after(STOP_GRACE, () => void child.kill('SIGKILL'))
      await ended.promise
      cancel()
    },
  }
}

async function readProgress(
  child: ChildProcess,
  ready: PromiseWithResolvers<void>,
  tell: (message: string) => void,
): Promise<void> {
  if (child.stdout === null) return
  for await (const line of readLines(child.stdout)) {
    const event = JSON.parse(line) as ProgressEvent
    if (event.type === 'step') tell(event.message)
    else if (event.type === 'ready') ready.resolve()
    else ready.reject(new LabError(event.message))
  }
}
