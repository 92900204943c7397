/**
 * The member of a clusterset that a command is about: a whole cluster, or one namespace of it, which is asked for nothing
 * beyond that namespace.
 */
import type { Command } from 'commander'
import { SYSTEM_NAMESPACE } from '../api/names.ts'
import { FairleadError } from '../core/errors.ts'
import { ApiError, isForbidden } from '../kube/errors.ts'
import type { KubeClient } from '../kube/types.ts'
import { addKubeOptions, type KubeOptions, systemNamespaceOption, withKube } from './kube-options.ts'

/** Where the objects of a member are. */
export interface Scope {
  /** Of its processes, Links, Trust and Secrets. */
  readonly systemNamespace: string
  /** What its exports, imports and policies are listed by: nothing for a whole cluster. */
  readonly served: { readonly namespace?: string }
}

/** A member, connected to. */
export interface Member extends Scope {
  readonly client: KubeClient
  readonly contextName: string
}

export interface MemberOptions extends KubeOptions {
  /** Default: that of a whole cluster. */
  readonly systemNamespace?: string | undefined
}

/** The user may not do what a command takes. */
export class RightError extends FairleadError {
  override readonly name = 'RightError'

  constructor(message: string) {
    super('right', message)
  }
}

/** Pure. */
export function scopeOf(systemNamespace: string = SYSTEM_NAMESPACE): Scope {
  return {
    systemNamespace,
    served: systemNamespace === SYSTEM_NAMESPACE ? {} : { namespace: systemNamespace },
  }
}

/** Adds `--kubeconfig`, `--context` and `--system-namespace`. */
export function addMemberOptions(command: Command): Command {
  const description = 'where fairlead runs; with "install --namespace-scoped", the namespace it serves'
  return addKubeOptions(command).addOption(systemNamespaceOption('--system-namespace', description))
}

/** `withKube`, with a member. What the user may not do becomes a RightError; `option` is the one that names the namespace. */
export async function withMember<T>(
  options: MemberOptions,
  use: (member: Member) => Promise<T>,
  option = '--system-namespace',
): Promise<T> {
  return await withKube(options, async ({ client, contextName }) => {
    const member = { client, contextName, ...scopeOf(options.systemNamespace) }
    try {
      return await use(member)
    } catch (error) {
      throw error instanceof ApiError && isForbidden(error) ? missingRight(member, option, error) : error
    }
  })
}

function missingRight({ contextName, served }: Member, option: string, { answer }: ApiError): RightError {
  const advice = served.namespace === undefined ? `: for a member of one namespace give ${option} NAME` : ''
  return new RightError(`a right is missing in context ${contextName}${advice} (${answer})`)
}
