/**
 * The V8 flags that the data path needs. Every read brings a buffer outside of V8's heap; with a small young space they
 * are freed by cheap scavenges, and by the thread that reuses them at once. Without the flags the same memory is
 * reclaimed by whole mark-compact cycles on helper threads, and bulk streams get half as fast (docs: bench data-path).
 * The buffers count against the old space too, which begins with some 20 MB: unless it begins larger, a bulk stream makes
 * V8 mark the whole heap 20 times a second, which is 40 % of its CPU time.
 */

/** Must be known when V8 starts: set later, they have no effect or crash it. */
export const HEAP_FLAGS = [
  '--max-semi-space-size=1',
  '--single-threaded-gc',
  '--initial-old-space-size=64',
] as const

/** The part of `process` that is used. */
export interface RunningProcess {
  readonly execPath: string
  readonly execArgv: readonly string[]
  readonly argv: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** Replaces the program and keeps the process (execve(2)); Node 22.15 and newer. */
  readonly execve?: (file: string, args: readonly string[], env: NodeJS.ProcessEnv) => never
}

/** Starts the program over with the flags, in the same process, unless it has them or Node cannot do it. */
export function ensureHeapFlags(running: RunningProcess): void {
  const missing = HEAP_FLAGS.filter((flag) => !running.execArgv.includes(flag))
  if (missing.length === 0 || running.execve === undefined) return
  const args = [running.execPath, ...running.execArgv, ...missing, ...running.argv.slice(1)]
  running.execve(running.execPath, args, running.env)
}
