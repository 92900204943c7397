/** Commands of `fairlead` in this process: what they print, and the exit code they set. */
import { Writable } from 'node:stream'
import type { CliContext } from '../../src/cli/context.ts'
import { runCli } from '../../src/cli/program.ts'

export async function fairlead(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const result = { code: 0, stdout: '', stderr: '' }
  const collector = (name: 'stdout' | 'stderr') =>
    new Writable({
      write(chunk, _encoding, done) {
        result[name] += String(chunk)
        done()
      },
    })
  const never = () => Promise.reject(new Error('no process is run here'))
  const context: CliContext = {
    stdout: collector('stdout'),
    stderr: collector('stderr'),
    stdin: process.stdin,
    env: {},
    processes: { router: never, controller: never, dns: never, agent: never },
    setExitCode: (code) => {
      result.code = code
    },
  }
  await runCli(context, args)
  return result
}
