/** Composition root of the lab's supervisor: the process all others of a lab descend from. Ends when its standard input does. */
import { systemClock } from '../core/clock.ts'
import { describeError } from '../core/errors.ts'
import { createLogger } from '../core/log.ts'
import { readLabConfig } from '../lab/lab-config.ts'
import { labFiles } from '../lab/layout.ts'
import { createReporter } from '../lab/progress.ts'
import { Supervisor } from '../lab/supervisor/supervisor.ts'

const files = labFiles(process.argv[2] ?? '.lab')
const lab = await readLabConfig(files.config)
const report = createReporter(process.stdout)
// Whoever started the lab holds the other end: without it, nobody could end the lab.
process.stdin.once('end', () => process.exit(0)).resume()

const supervisor = new Supervisor(
  {
    clock: systemClock,
    log: createLogger(lab.logLevel, { component: 'lab' }, 2),
    progress: (message) => report({ type: 'step', message }),
  },
  { lab, files, hostPid: Number(process.env['FAIRLEAD_LAB_PID']) },
)
try {
  const started = supervisor.start().then(() => report({ type: 'ready' }))
  await Promise.race([started, supervisor.ended])
  await supervisor.ended
  process.exit(0)
} catch (error) {
  report({ type: 'failed', message: describeError(error) })
  process.exit(1)
}
