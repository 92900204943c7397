/** A kubeconfig for the files of a service account volume. */
import { join } from 'node:path'
import { stringify } from 'yaml'
import { quote } from '../kubelet/shell.ts'

/**
 * The token is read by a credential plugin again and again, because it is renewed; kubectl and client libraries know
 * different other ways to name a token's file, but all know plugins.
 */
export function accountKubeconfig(server: string, account: string, namespace: string): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'pod',
    clusters: [{ name: 'pod', cluster: { server, 'certificate-authority': join(account, 'ca.crt') } }],
    users: [{ name: 'pod', user: { exec: credentialPlugin(join(account, 'token')) } }],
    contexts: [{ name: 'pod', context: { cluster: 'pod', user: 'pod', namespace } }],
  })
}

/** Exec credentials (client.authentication.k8s.io/v1) good for five minutes. */
function credentialPlugin(tokenFile: string): object {
  const answer =
    '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s","expirationTimestamp":"%s"}}'
  const script = `printf '${answer}' "$(cat ${quote(tokenFile)})" "$(date -u -d '+5 min' +%FT%TZ)"`
  return {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: 'sh',
    args: ['-c', script],
    interactiveMode: 'Never',
  }
}
