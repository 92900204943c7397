/** `fairlead check`. */
import { Command } from 'commander'
import { SYSTEM_NAMESPACE } from '../../api/names.ts'
import { Resource } from '../../api/resources.ts'
import { errorCode } from '../../core/errors.ts'
import type { KubeConnection } from '../../kube/client.ts'
import { certificatesReport } from '../certs/certificates-report.ts'
import { type CliContext, ExitCode } from '../context.ts'
import { globalnetReport } from '../globalnet/globalnet-report.ts'
import type { DaemonSet } from '../install/rollout.ts'
import { addKubeOptions, type KubeOptions, withKube } from '../kube-options.ts'
import { type OutputFormat, outputOption, printResult } from '../output.ts'
import { clusterStatus } from '../status/cluster-status.ts'
import {
  certificateFindings,
  type Finding,
  globalnetFindings,
  type NodeProcess,
  statusFindings,
} from './findings.ts'

interface Options extends KubeOptions {
  readonly output: OutputFormat
}

/** Ends with 1 when anything is not as it should be. */
export function checkCommand(context: CliContext): Command {
  return addKubeOptions(
    new Command('check').description('is everything as it should be in a cluster, and if not, why'),
  )
    .addOption(outputOption())
    .action(async ({ output, ...options }: Options) => {
      const findings = await withKube(options, findingsOf)
      await printResult(context, output, findings, (all) => [
        ['CHECK', 'RESULT', 'MESSAGE'],
        ...all.map(({ check, ok, message }) => [check, ok ? 'ok' : 'FAILED', message]),
      ])
      if (findings.some(({ ok }) => !ok)) context.setExitCode(ExitCode.failed)
    })
}

async function findingsOf(kube: KubeConnection): Promise<Finding[]> {
  const [status, certificates, globalnet, agents] = await Promise.all([
    clusterStatus(kube),
    ifInstalled(certificatesReport(kube)),
    ifInstalled(globalnetReport(kube)),
    agentsOf(kube),
  ])
  return [
    ...statusFindings(status),
    ...(certificates === undefined ? [] : certificateFindings(certificates)),
    ...(globalnet === undefined ? [] : globalnetFindings(globalnet, agents)),
  ]
}

/** Undefined in a cluster that does not know the kind. */
function ifInstalled<T>(report: Promise<T>): Promise<T | undefined> {
  return report.catch((error: unknown) => {
    if (errorCode(error) === 'install') return undefined
    throw error
  })
}

async function agentsOf({ client }: KubeConnection): Promise<NodeProcess[]> {
  const options = { namespace: SYSTEM_NAMESPACE, labelSelector: 'app.kubernetes.io/part-of=fairlead' }
  const { items } = await client.list<DaemonSet>(Resource.daemonSet, options)
  return items.map(({ metadata, status }) => ({
    name: metadata.name ?? '',
    ready: status?.numberReady ?? 0,
    wanted: status?.desiredNumberScheduled ?? 0,
  }))
}
