/** Kubeconfig files (kubectl's format) of lab clusters. */
import { stringify } from 'yaml'
import type { KeyPair } from '../../pki/certificates.ts'

export interface KubeconfigEntry {
  /** Name of cluster, user and context. */
  readonly name: string
  /** URL of the API server. */
  readonly server: string
  readonly caPem: string
  readonly client: KeyPair
}

/** One file with a context for each entry; the first is the current one. */
export function kubeconfig(entries: readonly KubeconfigEntry[]): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': entries[0]?.name ?? '',
    clusters: entries.map(({ name, server, caPem }) => ({
      name,
      cluster: { server, 'certificate-authority-data': base64(caPem) },
    })),
    users: entries.map(({ name, client }) => ({
      name,
      user: {
        'client-certificate-data': base64(client.certPem),
        'client-key-data': base64(client.keyPem),
      },
    })),
    contexts: entries.map(({ name }) => ({ name, context: { cluster: name, user: name } })),
  })
}

function base64(pem: string): string {
  return Buffer.from(pem).toString('base64')
}
