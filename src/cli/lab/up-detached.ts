/** `fairlead lab up --detach`: the same command as a process of its own, followed until it is ready. */
import { fork } from 'node:child_process'
import { LabError } from '../../lab/errors.ts'
import type { CliContext } from '../context.ts'
import type { UpOptions } from './up-options.ts'

/** Resolves when the lab is ready; it then lives on without us. */
export async function upDetached(context: CliContext, options: UpOptions): Promise<void> {
  const child = fork(process.argv[1] ?? '', foregroundArgs(options), {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  child.stderr?.pipe(context.stderr, { end: false })
  const ready = Promise.withResolvers<void>()
  child.once('message', () => ready.resolve())
  child.once('error', ready.reject)
  child.once('exit', (code) => ready.reject(new LabError(`the lab did not start (exit code ${code})`)))
  await ready.promise
  child.stderr?.destroy()
  child.disconnect()
  child.unref()
}

function foregroundArgs(options: UpOptions): string[] {
  return [
    ...['lab', 'up', '--state', options.state, '--clusters', options.clusters.join(',')],
    ...['--mode', options.mode, '--api', options.api, '--log-level', options.logLevel],
    ...[
      '--topology',
      options.topology,
      '--routers',
      String(options.routers),
      '--nodes',
      String(options.nodes),
    ],
    ...(options.private.length === 0 ? [] : ['--private', options.private.join(',')]),
    ...(options.bare ? ['--bare'] : []),
    ...(options.globalnet ? ['--globalnet'] : []),
    ...(options.ipv4Only ? ['--ipv4-only'] : []),
  ]
}
