/** `fairlead certs`: when the certificates of a cluster end, and having them made anew. */
import { Command } from 'commander'
import { UsageError } from '../../core/errors.ts'
import { type CliContext, ExitCode } from '../context.ts'
import { timeoutOption } from '../kube-options.ts'
import { addMemberOptions, type MemberOptions, withMember } from '../member.ts'
import { formatTable, type OutputFormat, outputOption, printText, say } from '../output.ts'
import { certificatesReport, reportTables } from './certificates-report.ts'
import { ROTATE_WAIT_MS, type Rotated, rotate } from './rotate.ts'

export function certsCommand(context: CliContext): Command {
  return new Command('certs')
    .description("a cluster's certificates: when they end, and having them made anew")
    .addCommand(statusCommand(context))
    .addCommand(rotateCommand(context))
}

interface StatusOptions extends MemberOptions {
  readonly output: OutputFormat
}

/** Ends with 1 when a certificate is not as it should be. */
function statusCommand(context: CliContext): Command {
  return addMemberOptions(
    new Command('status').description(
      'root, authority and certificates of the processes; at the founder all members',
    ),
  )
    .addOption(outputOption())
    .action(async ({ output, ...options }: StatusOptions) => {
      const report = await withMember(options, certificatesReport)
      await printText(context, output, report, (found) => reportTables(found).map(formatTable).join('\n'))
      if (!report.healthy) context.setExitCode(ExitCode.failed)
    })
}

interface RotateOptions extends MemberOptions {
  readonly leaves?: boolean
  readonly authority?: boolean
  readonly root?: boolean
  readonly wait: boolean
  readonly timeout: number
}

function rotateCommand(context: CliContext): Command {
  return addMemberOptions(
    new Command('rotate').description('have certificates made anew; links and flows go on'),
  )
    .option('--leaves', 'those of the processes; this is the default')
    .option('--authority', "the cluster's authority, and those of the processes with it")
    .option('--root', "the clusterset's root, where this cluster founded it; all members follow")
    .option('--no-wait', 'do not wait until it is done')
    .addOption(timeoutOption(ROTATE_WAIT_MS))
    .action(async ({ leaves, authority, root, wait, timeout, ...options }: RotateOptions) => {
      const wanted: Rotated[] = [
        ...(leaves ? (['leaves'] as const) : []),
        ...(authority ? (['authority'] as const) : []),
        ...(root ? (['root'] as const) : []),
      ]
      if (wanted.length > 1) throw new UsageError('give one of --leaves, --authority and --root')
      const [what = 'leaves'] = wanted
      const tell = (message: string) => say(context, message)
      await withMember(options, (member) => rotate(member, what, { wait, timeoutMs: timeout, say: tell }))
    })
}
