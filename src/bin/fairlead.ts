/**
 * Composition root of the `fairlead` command: gives the command line its streams and the processes it can become.
 */
import { runCli } from '../cli/program.ts'

await runCli(
  {
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    env: process.env,
    processes: {
      router: async (args) => (await import('./router.ts')).runRouter(args),
      controller: async (args) => (await import('./controller.ts')).runController(args),
      dns: async (args) => (await import('./dns.ts')).runDns(args),
      agent: async (args) => (await import('./agent.ts')).runAgent(args),
    },
    setExitCode: (code) => {
      process.exitCode = code
    },
  },
  process.argv.slice(2),
)
