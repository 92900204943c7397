/** `fairlead check`. */
import { Command } from 'commander'
import { Resource } from '../../api/resources.ts'
import { errorCode } from '../../core/errors.ts'
import { certificatesReport } from '../certs/certificates-report.ts'
import { type CliContext, ExitCode } from '../context.ts'
import { globalnetReport } from '../globalnet/globalnet-report.ts'
import type { DaemonSet } from '../install/rollout.ts'
import { addMemberOptions, type Member, type MemberOptions, withMember } from '../member.ts'
import { type OutputFormat, outputOption, printResult } from '../output.ts'
import { clusterStatus } from '../status/cluster-status.ts'
import {
  certificateFindings,
  type Finding,
  globalnetFindings,
  type NodeProcess,
  statusFindings,
} from './findings.ts'

interface Options extends MemberOptions {
  readonly output: OutputFormat
}

/** Ends with 1 when anything is not as it should be. */
export function checkCommand(context: CliContext): Command {
  return addMemberOptions(
    new Command('check').description('is everything as it should be in a cluster, and if not, why'),
  )
    .addOption(outputOption())
    .action(async ({ output, ...options }: Options) => {
      const findings = await withMember(options, findingsOf)
      await printResult(context, output, findings, (all) => [
        ['CHECK', 'RESULT', 'MESSAGE'],
        ...all.map(({ check, ok, message }) => [check, ok ? 'ok' : 'FAILED', message]),
      ])
      if (findings.some(({ ok }) => !ok)) context.setExitCode(ExitCode.failed)
    })
}

async function findingsOf(member: Member): Promise<Finding[]> {
  const [status, certificates, globalnet] = await Promise.all([
    clusterStatus(member),
    ifInstalled(certificatesReport(member)),
    // Only whole clusters have it.
    member.served.namespace === undefined ? globalnetOf(member) : [],
  ])
  return [
    ...statusFindings(status),
    ...(certificates === undefined ? [] : certificateFindings(certificates)),
    ...globalnet,
  ]
}

async function globalnetOf(member: Member): Promise<Finding[]> {
  const [report, agents] = await Promise.all([ifInstalled(globalnetReport(member)), agentsOf(member)])
  return report === undefined ? [] : globalnetFindings(report, agents)
}

/** Undefined in a cluster that does not know the kind. */
function ifInstalled<T>(report: Promise<T>): Promise<T | undefined> {
  return report.catch((error: unknown) => {
    if (errorCode(error) === 'install') return undefined
    throw error
  })
}

async function agentsOf({ client, systemNamespace }: Member): Promise<NodeProcess[]> {
  const options = { namespace: systemNamespace, labelSelector: 'app.kubernetes.io/part-of=fairlead' }
  const { items } = await client.list<DaemonSet>(Resource.daemonSet, options)
  return items.map(({ metadata, status }) => ({
    name: metadata.name ?? '',
    ready: status?.numberReady ?? 0,
    wanted: status?.desiredNumberScheduled ?? 0,
  }))
}
