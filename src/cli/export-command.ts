/** `fairlead export`. */
import { Command } from 'commander'
import { findCondition } from '../api/conditions.ts'
import { ExportCondition, type ServiceExport } from '../api/mcs.ts'
import { CLUSTERSET_ZONE } from '../api/names.ts'
import { Resource } from '../api/resources.ts'
import { isUnknownApi } from '../kube/errors.ts'
import type { KubeClient } from '../kube/types.ts'
import { type CliContext, ExitCode } from './context.ts'
import { InstallError } from './install/errors.ts'
import { WAIT_MS } from './install/limits.ts'
import { addKubeOptions, type KubeOptions, timeoutOption, withKube } from './kube-options.ts'
import { say } from './output.ts'
import { type ServiceRef, serviceArgument } from './service-argument.ts'
import { waitFor } from './wait.ts'

interface Options extends KubeOptions {
  readonly namespace?: string
  readonly wait: boolean
  readonly timeout: number
}

/** Field manager of what users make by commands. */
const MANAGER = 'fairlead-cli'

/** Makes a ServiceExport, as kubectl apply would. */
export function exportCommand(context: CliContext): Command {
  return addKubeOptions(
    new Command('export').description('export a Service to every cluster of the clusterset'),
  )
    .argument('<service>', 'NAME or service/NAME')
    .option('-n, --namespace <name>', "namespace of the Service (default: the context's)")
    .option('--wait', 'wait until the export is valid and known to the clusterset', false)
    .addOption(timeoutOption(WAIT_MS))
    .action((service: string, options: Options) => exportService(context, service, options))
}

async function exportService(context: CliContext, service: string, options: Options): Promise<void> {
  const refIn = serviceArgument(service, options.namespace)
  await withKube(options, async (kube) => {
    const ref = refIn(kube)
    const missing = (await kube.client.get(Resource.service, ref)) === undefined
    await applyExport(kube.client, ref)
    say(
      context,
      `exported ${ref.namespace}/${ref.name} as ${ref.name}.${ref.namespace}.svc.${CLUSTERSET_ZONE}`,
    )
    if (missing)
      say(
        context,
        `warning: there is no Service ${ref.name} in ${ref.namespace} yet; the export waits for it`,
      )
    if (options.wait) await waitForVerdict(context, kube.client, ref, options.timeout)
  })
}

async function applyExport(client: KubeClient, ref: ServiceRef): Promise<void> {
  try {
    await client.apply<ServiceExport>(
      Resource.serviceExport,
      { metadata: { ...ref } },
      { fieldManager: MANAGER },
    )
  } catch (error) {
    if (!isUnknownApi(error)) throw error
    throw new InstallError('this cluster has no ServiceExports: run "fairlead install" first', {
      cause: error,
    })
  }
}

/** Waits for Ready=True, or for Valid=False, which no waiting would mend. */
async function waitForVerdict(
  context: CliContext,
  client: KubeClient,
  ref: ServiceRef,
  timeoutMs: number,
): Promise<void> {
  const verdict = await waitFor(`the export of ${ref.name}`, timeoutMs, async () => {
    const conditions = (await client.get<ServiceExport>(Resource.serviceExport, ref))?.status?.conditions
    const valid = findCondition(conditions, ExportCondition.valid)
    if (valid?.status === 'False') return valid
    const ready = findCondition(conditions, ExportCondition.ready)
    return ready?.status === 'True' ? ready : undefined
  })
  if (verdict.type === ExportCondition.ready) return
  say(context, `fairlead: the export is not valid (${verdict.reason}): ${verdict.message}`)
  context.setExitCode(ExitCode.failed)
}
