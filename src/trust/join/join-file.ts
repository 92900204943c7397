/**
 * The file that lets a cluster in: a Secret with the code, and a JoinRequest that refers to it. Pure.
 */
import { createHash } from 'node:crypto'
import { JoinSecret } from '../../api/invite.ts'
import { apiVersion, Resource } from '../../api/resources.ts'

export interface JoinFileContent {
  /** Name of the invite. */
  readonly name: string
  /** Of the invite: two of one name are told apart. */
  readonly uid: string
  readonly code: string
  readonly url: string
  readonly caHash: string
  readonly founder: string
  readonly clusterset: string
  readonly clusterId?: string | undefined
  /** RFC 3339. */
  readonly expiresAt: string
  /** Where JoinRequests are. */
  readonly namespace: string
}

/** YAML for `kubectl apply -f` and `fairlead join`. A JSON string is a YAML string too, whatever is in it. */
export function joinFile(content: JoinFileContent): string {
  const { name, code, url, caHash, founder, clusterset, clusterId, expiresAt, namespace } = content
  const key = codeKey(content)
  const text = JSON.stringify
  return [
    `# Lets ${clusterId === undefined ? 'a cluster' : `cluster ${clusterId}`} join clusterset ${clusterset}, until ${expiresAt}. Whoever has this file can do so: keep it secret.`,
    '# "fairlead join FILE", or kubectl apply -f FILE, in the cluster that joins.',
    'apiVersion: v1',
    'kind: Secret',
    'metadata:',
    `  name: ${JoinSecret.code}`,
    `  namespace: ${text(namespace)}`,
    '  labels:',
    '    app.kubernetes.io/part-of: fairlead',
    'type: Opaque',
    'stringData:',
    `  ${key}: ${text(code)}`,
    '---',
    `apiVersion: ${apiVersion(Resource.joinRequest)}`,
    `kind: ${Resource.joinRequest.kind}`,
    'metadata:',
    `  name: ${text(name)}`,
    `  namespace: ${text(namespace)}`,
    'spec:',
    `  url: ${text(url)}`,
    `  caHash: ${text(caHash)}`,
    `  founder: ${text(founder)}`,
    `  clusterset: ${text(clusterset)}`,
    ...(clusterId === undefined ? [] : [`  clusterId: ${text(clusterId)}`]),
    '  codeSecret:',
    `    name: ${JoinSecret.code}`,
    `    key: ${key}`,
    '',
  ].join('\n')
}

/** Each invite has a key of its own, so that the JoinRequest of a newer one is a changed one. */
function codeKey({ uid }: JoinFileContent): string {
  return `code-${createHash('sha256').update(uid).digest('hex').slice(0, 8)}`
}
