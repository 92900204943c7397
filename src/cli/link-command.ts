/** `fairlead link`. */
import { Command, InvalidArgumentError } from 'commander'
import type { LinkEndpoint } from '../api/link.ts'
import { SYSTEM_NAMESPACE } from '../api/names.ts'
import { UsageError } from '../core/errors.ts'
import type { CliContext } from './context.ts'
import { WAIT_MS } from './install/limits.ts'
import { createLink, type LinkOptions, type LinkTarget, linkClusters } from './install/link-clusters.ts'
import { systemNamespaceOption, timeoutOption } from './kube-options.ts'
import { linkDeleteCommand, linkListCommand, linkShowCommand } from './link/link-objects-commands.ts'
import { addMemberOptions, type MemberOptions, withMember } from './member.ts'
import { say } from './output.ts'
import { wholeNumber } from './whole-number.ts'

interface Options extends MemberOptions {
  readonly toContext?: string
  readonly toSystemNamespace: string
  readonly endpoint: readonly LinkEndpoint[]
  readonly cost?: number
  readonly wait: boolean
  readonly timeout: number
}

/** Makes the Link object in the cluster that dials; its subcommands read and delete those there are. */
export function linkCommand(context: CliContext): Command {
  return addMemberOptions(
    new Command('link').description('let this cluster dial another one; traffic then goes both ways'),
  )
    .argument('[name]', "name of the link (default with --to-context: the other cluster's id)")
    .option(
      '--to-context <name>',
      'context of the other cluster, which is asked for the address of its router',
    )
    .addOption(
      systemNamespaceOption('--to-system-namespace', 'the same of the other cluster, with --to-context'),
    )
    .option(
      '--endpoint <host:port>',
      "address of the other cluster's router, or wss://host of an ingress before it; may be repeated",
      collectEndpoint,
      [],
    )
    .option('--cost <number>', 'cost of a path over this link; lower is better', wholeNumber(1, MAX_COST))
    .option('--wait', 'wait until the link is ready', false)
    .addOption(timeoutOption(WAIT_MS))
    .action(async (name: string | undefined, options: Options) => {
      say(context, await makeLink(name, options))
    })
    .addCommand(linkListCommand(context))
    .addCommand(linkShowCommand(context))
    .addCommand(linkDeleteCommand(context))
}

/** Resolves with what was done, in words. */
async function makeLink(name: string | undefined, options: Options): Promise<string> {
  const target = linkTarget(name, options)
  const { cost, wait, timeout } = options
  const limits: LinkOptions = { cost, wait, timeoutMs: timeout }
  const made =
    'toContext' in target
      ? await linkClusters({ ...options, ...limits, ...target })
      : await withMember(options, (member) => createLink(member, target, limits))
  const where = made.spec.endpoints.map(({ host, port }) => `${host}:${port}`).join(', ')
  return `link ${made.metadata.name} to ${where}${wait ? ' is ready' : ''}`
}

/** The CRD says the same. */
export const MAX_COST = 1_000_000

/** What Kubernetes takes for the name of an object (RFC 1123 subdomain). */
const LINK_NAME = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

function linkTarget(
  name: string | undefined,
  { toContext, toSystemNamespace, endpoint }: Options,
): LinkTarget | { toContext: string; name?: string } {
  if ((toContext === undefined) === (endpoint.length === 0)) {
    throw new UsageError('give either --to-context or at least one --endpoint')
  }
  if (toContext === undefined && toSystemNamespace !== SYSTEM_NAMESPACE) {
    throw new UsageError('--to-system-namespace is for --to-context')
  }
  if (name !== undefined && !LINK_NAME.test(name)) {
    throw new UsageError(
      `"${name}" cannot be the name of a link: use lower-case letters, digits, dashes and dots`,
    )
  }
  if (toContext !== undefined) return { toContext, ...(name === undefined ? {} : { name }) }
  if (name !== undefined) return { name, endpoints: endpoint }
  throw new UsageError('a link made with --endpoint needs a name: fairlead link NAME --endpoint HOST:PORT')
}

const WEB_SOCKET_SCHEME = 'wss://'
const AUTHORITY = /^(?:\[([^\]]+)\]|([^:\s/]+))(?::(\d{1,5}))?$/

/** Adds one more `--endpoint`. */
export function collectEndpoint(text: string, before: readonly LinkEndpoint[]): LinkEndpoint[] {
  return [...before, parseEndpoint(text)]
}

/** `host:port` or `[v6]:port`; with `wss://` before it, through an HTTPS ingress, at port 443 unless another is named. */
export function parseEndpoint(text: string): LinkEndpoint {
  const isWebSocket = text.startsWith(WEB_SOCKET_SCHEME)
  const authority = isWebSocket ? text.slice(WEB_SOCKET_SCHEME.length) : text
  const [, bracketed, plain, digits = isWebSocket ? '443' : ''] = AUTHORITY.exec(authority) ?? []
  const host = bracketed ?? plain
  const port = Number(digits)
  if (host === undefined || !(port >= 1 && port <= 65_535)) {
    throw new InvalidArgumentError(`"${text}" is not HOST:PORT`)
  }
  return { host, port, ...(isWebSocket ? { transport: 'wss' } : {}) }
}
