/** `fairlead unexport`. */
import { Command } from 'commander'
import { Resource } from '../api/resources.ts'
import { type CliContext, ExitCode } from './context.ts'
import { addKubeOptions, type KubeOptions, withKube } from './kube-options.ts'
import { say } from './output.ts'
import { serviceArgument } from './service-argument.ts'

interface Options extends KubeOptions {
  readonly namespace?: string
}

/** Deletes a ServiceExport; the Service itself is never touched. */
export function unexportCommand(context: CliContext): Command {
  return addKubeOptions(new Command('unexport').description('stop exporting a Service'))
    .argument('<service>', 'NAME or service/NAME')
    .option('-n, --namespace <name>', "namespace of the Service (default: the context's)")
    .action(async (service: string, options: Options) => {
      const refIn = serviceArgument(service, options.namespace)
      await withKube(options, async (kube) => {
        const ref = refIn(kube)
        const existed = await kube.client.delete(Resource.serviceExport, ref)
        say(
          context,
          existed
            ? `unexported ${ref.namespace}/${ref.name}`
            : `${ref.namespace}/${ref.name} was not exported`,
        )
        if (!existed) context.setExitCode(ExitCode.failed)
      })
    })
}
