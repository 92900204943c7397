/** The certificates of one lab cluster: its authority, its API server, and the clients that are its masters. */
import { mkdir, writeFile } from 'node:fs/promises'
import { createAuthority, issueCertificate, type KeyPair } from '../../pki/certificates.ts'
import type { ClusterFiles } from '../layout.ts'
import type { ClusterPlan } from '../topology.ts'

/** A lab lives hours; its certificates outlive any. */
const DAYS = 365

/** Whoever holds such a certificate may do everything (Kubernetes' built-in group). */
const MASTERS = 'system:masters'

const SERVICE_NAMES = [
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
]

/** What kubeconfigs of a cluster carry. */
export interface ClusterCredentials {
  readonly caPem: string
  /** For the person who started the lab. */
  readonly admin: KeyPair
  /** For the node process. */
  readonly node: KeyPair
}

/** Issues them and writes those the API server reads. */
export async function issueClusterCertificates(
  plan: ClusterPlan,
  files: ClusterFiles,
): Promise<ClusterCredentials> {
  const authority = await createAuthority({ commonName: `lab cluster ${plan.name}`, days: DAYS })
  const [server, admin, node, kubeletClient] = await Promise.all([
    issueCertificate(authority, {
      commonName: 'kube-apiserver',
      dnsNames: ['localhost', ...SERVICE_NAMES],
      // Nodes show it too, when a real API server asks them for logs.
      ips: [...new Set(['127.0.0.1', plan.apiServiceAddress, ...plan.nodes.map(({ address }) => address)])],
      usages: ['server'],
      days: DAYS,
    }),
    issueMaster(authority, 'lab-admin'),
    issueMaster(authority, 'lab-node'),
    issueCertificate(authority, {
      commonName: 'kube-apiserver-kubelet-client',
      usages: ['client'],
      days: DAYS,
    }),
  ])
  await mkdir(files.podLogs, { recursive: true, mode: 0o700 })
  await mkdir(files.apiState, { recursive: true, mode: 0o700 })
  await Promise.all([
    writeFile(files.caCert, authority.certPem, { mode: 0o600 }),
    writeFile(files.serverCert, server.certPem, { mode: 0o600 }),
    writeFile(files.serverKey, server.keyPem, { mode: 0o600 }),
    writeFile(files.kubeletClientCert, kubeletClient.certPem, { mode: 0o600 }),
    writeFile(files.kubeletClientKey, kubeletClient.keyPem, { mode: 0o600 }),
  ])
  return { caPem: authority.certPem, admin, node }
}

function issueMaster(authority: KeyPair, commonName: string): Promise<KeyPair> {
  return issueCertificate(authority, { commonName, organization: MASTERS, usages: ['client'], days: DAYS })
}
