/**
 * What can go wrong between the agent and the kernel's packet filter, said so that somebody can do something about it.
 */
import { FairleadError, type FairleadErrorOptions } from '../core/errors.ts'

/** Characters of what a program says that a message repeats: nft shows the whole line that it refuses. */
const SAID_MAX = 1_000

/** A program that the agent runs could not be started, or failed. */
export class CommandError extends FairleadError {
  override readonly name = 'CommandError'
  /** Undefined when it could not be started or was killed. */
  readonly exitCode: number | undefined
  readonly stderr: string

  constructor(command: string, exitCode: number | undefined, stderr: string, options: ErrorOptions = {}) {
    const said = stderr.trim().slice(0, SAID_MAX)
    super('command-failed', `${command}: ${said === '' ? `exit code ${exitCode}` : said}`, {
      ...options,
      retryable: true,
    })
    this.exitCode = exitCode
    this.stderr = stderr
  }
}

/** Codes of NatError. */
export type NatErrorCode = 'nft-missing' | 'no-net-admin' | 'no-nf-tables' | 'nft-refused'

/** The table cannot be read or written. */
export class NatError extends FairleadError {
  override readonly name = 'NatError'

  constructor(code: NatErrorCode, message: string, options: FairleadErrorOptions = {}) {
    super(code, message, { retryable: true, ...options })
  }
}

/** What a failed call of nft means. `legacyTables` are those that iptables-legacy has in this network namespace. */
export function natErrorOf(cause: unknown, legacyTables: readonly string[]): NatError {
  const error = (code: NatErrorCode, message: string) => new NatError(code, message, { cause })
  if (isMissing(cause)) {
    return error(
      'nft-missing',
      'there is no nft on PATH: install nftables 1.0 or newer, or use the image of fairlead',
    )
  }
  const said = cause instanceof CommandError ? cause.stderr : ''
  if (/json support not compiled/i.test(said)) {
    return error('nft-missing', 'this nft was built without JSON: use the one of your distribution')
  }
  if (/operation not permitted|must be root/i.test(said)) {
    return error(
      'no-net-admin',
      'nft may not change this network: the agent needs the capability NET_ADMIN and user 0',
    )
  }
  if (
    /protocol not supported|unable to initialize netlink socket|cache initialization failed: invalid argument/i.test(
      said,
    )
  ) {
    return error('no-nf-tables', `this kernel has no nf_tables${legacyHint(legacyTables)}`)
  }
  if (/not supported|no such file or directory/i.test(said)) {
    const modules = 'nft_chain_nat nft_nat nft_masq nft_numgen nft_fib_ipv4 nft_reject_ipv4 nft_ct'
    return error(
      'nft-refused',
      `nft was refused; if parts of nf_tables are missing on the node, load them: modprobe -a ${modules}`,
    )
  }
  return error('nft-refused', 'nft was refused')
}

function isMissing(cause: unknown): boolean {
  return cause instanceof CommandError && (cause.cause as { code?: string } | undefined)?.code === 'ENOENT'
}

function legacyHint(tables: readonly string[]): string {
  const remedy =
    'load it on the node (modprobe nf_tables) or boot a kernel that is built with CONFIG_NF_TABLES'
  if (tables.length === 0) return `: ${remedy}`
  return `, only the tables of iptables-legacy (${tables.join(', ')}), which the agent does not write: ${remedy}; both kinds of rules can stand side by side`
}
