/** `fairlead certificate`: the files that a router of a site without Kubernetes proves itself with. */
import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { UsageError } from '../core/errors.ts'
import { issueLeaf, loadOrCreateRoot, ROOT_FILES } from '../pki/clusterset-root.ts'
import { Role } from '../pki/identity.ts'
import type { CliContext } from './context.ts'
import { ROOT_DAYS } from './install/limits.ts'
import { checkedClusterId, DEFAULT_CLUSTERSET } from './install/membership.ts'
import { knownStatement, requireReadmission, revocationOf } from './install/readmission.ts'
import { say } from './output.ts'
import { wholeNumber } from './whole-number.ts'

interface Options {
  readonly clusterId: string
  readonly clusterset: string
  readonly pki: string
  readonly out: string
  readonly days: number
  readonly readmit: boolean
}

const MAX_DAYS = 3_650
const DEFAULT_DAYS = 365

/** Writes ca.crt, tls.crt and tls.key, the last for its owner alone. A running router takes new ones up by itself. */
export function certificateCommand(context: CliContext): Command {
  return new Command('certificate')
    .description('issue a certificate for the router of a site without Kubernetes')
    .requiredOption('--cluster-id <id>', "the site's id in the clusterset; no cluster may have the same")
    .option('--clusterset <name>', 'name of the clusterset', DEFAULT_CLUSTERSET)
    .option('--pki <dir>', "folder of the clusterset's root key, as given to install", 'fairlead-pki')
    .option('--out <dir>', 'folder for the files, made when missing', 'fairlead-tls')
    .option('--days <number>', 'life of the certificate', wholeNumber(1, MAX_DAYS), DEFAULT_DAYS)
    .option('--readmit', 'also where the site was revoked: it is let in again', false)
    .action(async ({ clusterId, clusterset, pki, out, days, readmit }: Options) => {
      const cluster = checkedClusterId(clusterId)
      if (!existsSync(join(pki, ROOT_FILES.key)))
        throw new UsageError(
          `${pki} holds no root key: give the folder that "fairlead install --pki" was given`,
        )
      const root = await loadOrCreateRoot({ dir: pki, clusterset, days: ROOT_DAYS })
      const known = await knownStatement(pki, { clusterset, roots: root.certPem })
      requireReadmission(known, cluster, readmit)
      const leaf = await issueLeaf(root, {
        clusterset,
        cluster,
        role: Role.router,
        dnsNames: [cluster],
        days,
        revokedAt: revocationOf(known, cluster),
      })
      await mkdir(out, { recursive: true, mode: 0o700 })
      await writeFile(join(out, 'ca.crt'), root.certPem)
      await writeFile(join(out, 'tls.crt'), leaf.certPem)
      // Made anew, so that nobody has it open who could read an older one.
      await rm(join(out, 'tls.key'), { force: true })
      await writeFile(join(out, 'tls.key'), leaf.keyPem, { mode: 0o600 })
      say(
        context,
        `the certificate of site ${cluster} is in ${out}, good for ${days} days; tls.key is secret`,
      )
    })
}
