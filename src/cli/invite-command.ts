/** `fairlead invite`. */
import { rm, writeFile } from 'node:fs/promises'
import { Command, InvalidArgumentError } from 'commander'
import type { LinkEndpoint } from '../api/link.ts'
import { parseDuration } from '../core/duration.ts'
import { describeError } from '../core/errors.ts'
import { INVITE_TTL, MAX_REDEMPTIONS } from '../trust/join/limits.ts'
import type { CliContext } from './context.ts'
import { WAIT_MS } from './install/limits.ts'
import { checkedClusterId } from './install/membership.ts'
import { makeInvite, nodeAddresses } from './join/make-invite.ts'
import { addKubeOptions, type KubeOptions, timeoutOption, withKube } from './kube-options.ts'
import { collectEndpoint, MAX_COST } from './link-command.ts'
import { say } from './output.ts'
import { wholeNumber } from './whole-number.ts'

interface Options extends KubeOptions {
  readonly ttl: string
  readonly redemptions: number
  readonly clusterId?: string
  readonly cost?: number
  readonly url?: string
  readonly endpoint: readonly LinkEndpoint[]
  readonly output?: string
  readonly timeout: number
}

/** Prints what lets a cluster in, or writes it to a file that only its owner may read. */
export function inviteCommand(context: CliContext): Command {
  return addKubeOptions(
    new Command('invite').description(
      'let another cluster join the clusterset; prints a file for "fairlead join"',
    ),
  )
    .option('--ttl <duration>', 'how long it is good for', ttl, INVITE_TTL.default)
    .option('--redemptions <number>', 'how many clusters it lets in', wholeNumber(1, MAX_REDEMPTIONS), 1)
    .option('--cluster-id <id>', 'the only cluster that may use it (default: any whose id is free)')
    .option('--cost <number>', 'cost of the link that the new cluster makes', wholeNumber(1, MAX_COST))
    .option(
      '--url <https://host:port>',
      'where the new cluster redeems it (default: the outside address of Service fairlead-join)',
      joinUrl,
    )
    .option(
      '--endpoint <host:port>',
      'what the new cluster dials (default: the outside addresses of Service fairlead-router); may be repeated',
      collectEndpoint,
      [],
    )
    .option('-o, --output <file>', 'write it there, for the owner alone, rather than to standard output')
    .addOption(timeoutOption(WAIT_MS))
    .action((options: Options) => invite(context, options))
}

async function invite(context: CliContext, { output, timeout, ...options }: Options): Promise<void> {
  const { ttl: life, redemptions, clusterId, cost, url, endpoint } = options
  const spec = {
    ttl: life,
    redemptions,
    ...(clusterId === undefined ? {} : { clusterId: checkedClusterId(clusterId) }),
    ...(cost === undefined ? {} : { cost }),
    ...(url === undefined ? {} : { url }),
    ...(endpoint.length === 0 ? {} : { endpoints: endpoint }),
  }
  const talk = (message: string): void => say(context, message)
  const made = await withKube(options, async ({ client }) =>
    makeInvite(client, { ...(await nodeAddresses(client)), ...spec }, { timeoutMs: timeout, say: talk }),
  )
  if (output === undefined) context.stdout.write(made.file)
  else await writeSecretFile(output, made.file)
  const file = output ?? 'FILE'
  say(
    context,
    `invite ${made.name} is good until ${made.expiresAt}; in the other cluster: fairlead join ${file}`,
  )
}

/** Made anew, so that nobody has it open who could read an older one. */
async function writeSecretFile(path: string, text: string): Promise<void> {
  await rm(path, { force: true })
  await writeFile(path, text, { mode: 0o600, flag: 'wx' })
}

function ttl(text: string): string {
  try {
    parseDuration(text, INVITE_TTL)
    return text
  } catch (error) {
    throw new InvalidArgumentError(describeError(error))
  }
}

/** The CRD says the same. */
const JOIN_URL = /^https:\/\/(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+)(:[0-9]{1,5})?$/

function joinUrl(text: string): string {
  if (JOIN_URL.test(text)) return text
  throw new InvalidArgumentError('https://HOST:PORT is wanted')
}
