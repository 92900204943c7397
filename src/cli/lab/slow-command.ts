/** `fairlead lab slow`. */
import { Command, InvalidArgumentError } from 'commander'
import { UsageError } from '../../core/errors.ts'
import { ask } from '../../lab/control/client.ts'
import { labFiles } from '../../lab/layout.ts'
import { MAX_PATH_DELAY, MAX_PATH_LOSS } from '../../lab/limits.ts'
import { describePath, isQuiet } from '../../lab/slow/path-shape.ts'
import type { CliContext } from '../context.ts'
import { say } from '../output.ts'
import { wholeNumber } from '../whole-number.ts'
import { stateOption } from './state-option.ts'

interface SlowOptions {
  readonly state: string
  readonly delay?: number
  readonly jitter?: number
  readonly loss?: number
}

/** Makes the path between two clusters long and lossy; called again, it replaces all that it was told before. */
export function slowCommand(context: CliContext): Command {
  return new Command('slow')
    .description('delay and lose what TCP carries between two clusters, in both directions')
    .argument('<a>', 'a cluster')
    .argument('<b>', 'another cluster')
    .option(
      '--delay <ms>',
      'added in each direction, so that a round trip takes twice as much longer; 0 ends it',
      wholeNumber(0, MAX_PATH_DELAY),
    )
    .option('--jitter <ms>', 'so much earlier or later, in order', wholeNumber(0, MAX_PATH_DELAY))
    .option('--loss <percent>', 'share of segments that have to be sent again', percent)
    .addOption(stateOption())
    .action(async (a: string, b: string, { state, delay, jitter, loss }: SlowOptions) => {
      if (delay === undefined && jitter === undefined && loss === undefined)
        throw new UsageError('say how slow: --delay, --jitter, --loss; --delay 0 ends it')
      const shape = { delayMs: delay ?? 0, jitterMs: jitter ?? 0, lossPercent: loss ?? 0 }
      await ask(labFiles(state).controlSocket, { command: 'slow', clusters: [a, b], shape })
      if (isQuiet(shape)) say(context, `the path between ${a} and ${b} is not slow`)
      else say(context, `the path between ${a} and ${b} is slow: ${describePath(shape)} each way`)
    })
}

function percent(text: string): number {
  const number = Number(text)
  if (/^\d+(\.\d+)?$/.test(text) && number <= MAX_PATH_LOSS) return number
  throw new InvalidArgumentError(`a percentage from 0 to ${MAX_PATH_LOSS} is wanted`)
}
