/**
 * The options of every command that speaks to a cluster, and the connection they lead to.
 */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { isDnsLabel, SYSTEM_NAMESPACE } from '../api/names.ts'
import { connectKube, type KubeConnection } from '../kube/client.ts'

export interface KubeOptions {
  readonly kubeconfig?: string
  readonly context?: string
}

/** Adds `--kubeconfig` and `--context`. */
export function addKubeOptions(command: Command): Command {
  return command
    .option('--kubeconfig <file>', 'kubeconfig file (default: $KUBECONFIG, else ~/.kube/config)')
    .option('--context <name>', 'context in the kubeconfig (default: its current context)')
}

/** An option that names where fairlead runs. An empty name would be all namespaces. */
export function systemNamespaceOption(flag: string, description: string): Option {
  return new Option(`${flag} <name>`, description).default(SYSTEM_NAMESPACE).argParser((name) => {
    if (!isDnsLabel(name)) throw new InvalidArgumentError('the name of a namespace is wanted')
    return name
  })
}

/** A day; timers take no more than 24 of them. */
const MAX_TIMEOUT_SECONDS = 86_400

/** `--timeout SECONDS`, given to the command as milliseconds. */
export function timeoutOption(defaultMs: number): Option {
  return new Option('--timeout <seconds>', 'bound of each wait')
    .argParser((text) => {
      const seconds = Number(text)
      if (!(seconds > 0 && seconds <= MAX_TIMEOUT_SECONDS))
        throw new InvalidArgumentError('a number of seconds is wanted, at most a day')
      return seconds * 1000
    })
    .default(defaultMs, String(defaultMs / 1000))
}

/** Connects, hands the connection to `use`, and closes it whatever comes. */
export async function withKube<T>(
  options: KubeOptions,
  use: (kube: KubeConnection) => Promise<T>,
): Promise<T> {
  const kube = await connectKube(options)
  try {
    return await use(kube)
  } finally {
    await kube.client.close()
  }
}
