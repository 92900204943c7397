/** The files that a real control plane reads, beside the certificates that its cluster has anyway. */
import { generateKeyPairSync } from 'node:crypto'
import { access, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ControlPlaneFiles } from './command-lines.ts'

/** Who did what, and how it ended; no bodies, so no secrets. */
const AUDIT_POLICY = JSON.stringify({
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata' }],
})

/** What its cluster has. */
export type ClusterAccess = Pick<
  ControlPlaneFiles,
  'servingCert' | 'servingKey' | 'clientCa' | 'kubeconfig' | 'kubelet'
>

/**
 * Writes them below `folder`. Keys that are there stay, so that tokens outlive a restart. `auditLog`: where the audit
 * log goes; none when absent.
 */
export async function writeControlPlaneFiles(
  folder: string,
  cluster: ClusterAccess,
  auditLog?: string,
): Promise<ControlPlaneFiles> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const at = (name: string) => join(folder, name)
  const files: ControlPlaneFiles = {
    ...cluster,
    etcdData: at('etcd'),
    accountKey: at('account.key'),
    accountPublicKey: at('account.pub'),
    ...(auditLog === undefined ? {} : { audit: { policy: at('audit-policy.json'), log: auditLog } }),
  }
  if (!(await exists(files.accountKey))) await writeAccountKeys(files)
  if (files.audit !== undefined) await writeFile(files.audit.policy, AUDIT_POLICY, { mode: 0o600 })
  return files
}

async function writeAccountKeys({ accountKey, accountPublicKey }: ControlPlaneFiles): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  await writeFile(accountPublicKey, publicKey.export({ type: 'spki', format: 'pem' }), { mode: 0o600 })
  // Last: that it is there says that both are.
  await writeFile(accountKey, privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 })
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
