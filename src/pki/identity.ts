/**
 * Who a process is: the one SPIFFE URI in its certificate. Reads certificates with node:crypto only, so that
 * checking a peer never loads the library that issues them.
 */
import { X509Certificate } from 'node:crypto'
import { IdentityError } from './errors.ts'
import { MAX_CLUSTERSET_NAME, MAX_SPIFFE_ID } from './limits.ts'

/** The processes that hold an identity. */
export const Role = { router: 'router', controller: 'controller', agent: 'agent' } as const
export type Role = (typeof Role)[keyof typeof Role]

/** Owner of a certificate, `spiffe://<clusterset>/cluster/<cluster>/<role>`. */
export interface PeerIdentity {
  /** Trust domain: the clusterset's name. */
  readonly clusterset: string
  /** Cluster id, an RFC 1123 label. */
  readonly cluster: string
  readonly role: Role
}

/** RFC 1123 label: what a cluster id must be (KEP-2149). */
const LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/

/** SPIFFE-ID section 2.1: lower-case letters, digits, dots, dashes and underscores. */
const TRUST_DOMAIN = /^[a-z0-9._-]+$/

const SPIFFE_ID = /^spiffe:\/\/([^/]+)\/cluster\/([^/]+)\/([^/]+)$/
const AUTHORITY_ID = /^spiffe:\/\/([^/]+)\/cluster\/([^/]+)$/

/** Says whether `id` may name a cluster: an RFC 1123 label of at most 63 characters. */
export function isClusterId(id: string): boolean {
  return LABEL.test(id)
}

/** Returns `id`, or throws IdentityError saying what a cluster id must look like. */
export function requireClusterId(id: string): string {
  if (isClusterId(id)) return id
  throw new IdentityError(
    `"${id}" is no cluster id: it must be 1 to 63 lower-case letters, digits or dashes, with a letter or digit at both ends`,
  )
}

/** Returns `name`, or throws IdentityError saying what the name of a clusterset must look like. */
export function requireClusterset(name: string): string {
  if (name.length <= MAX_CLUSTERSET_NAME && TRUST_DOMAIN.test(name)) return name
  throw new IdentityError(
    `"${name}" is no clusterset name: it must be 1 to ${MAX_CLUSTERSET_NAME} lower-case letters, digits, dots, dashes or underscores`,
  )
}

/** The identity as a URI. Throws IdentityError when a part is malformed. */
export function formatIdentity({ clusterset, cluster, role }: PeerIdentity): string {
  return `spiffe://${requireClusterset(clusterset)}/cluster/${requireClusterId(cluster)}/${role}`
}

/** Who signs the certificates of one cluster. */
export interface AuthorityIdentity {
  readonly clusterset: string
  readonly cluster: string
}

/** The identity of a cluster's authority as a URI, `spiffe://<clusterset>/cluster/<cluster>`. Throws IdentityError when a part is malformed. */
export function formatAuthority({ clusterset, cluster }: AuthorityIdentity): string {
  return `spiffe://${requireClusterset(clusterset)}/cluster/${requireClusterId(cluster)}`
}

/** Reads a URI made by formatAuthority; nothing else is taken. */
export function parseAuthority(uri: string): AuthorityIdentity {
  const [, clusterset, cluster] = uri.length > MAX_SPIFFE_ID ? [] : (AUTHORITY_ID.exec(uri) ?? [])
  if (clusterset === undefined || cluster === undefined)
    throw new IdentityError(`"${uri.slice(0, 200)}" is not spiffe://<clusterset>/cluster/<id>`)
  return { clusterset: requireClusterset(clusterset), cluster: requireClusterId(cluster) }
}

/** The cluster that an authority's certificate is for. Throws IdentityError unless there is exactly one good URI. */
export function authorityIdentity(certificate: X509Certificate): AuthorityIdentity {
  return parseAuthority(onlyUri(certificate.subjectAltName))
}

/** Reads a URI made by formatIdentity; nothing else is taken. */
export function parseIdentity(uri: string): PeerIdentity {
  const [, clusterset, cluster, role] = uri.length > MAX_SPIFFE_ID ? [] : (SPIFFE_ID.exec(uri) ?? [])
  if (clusterset === undefined || cluster === undefined || role === undefined) {
    throw new IdentityError(`"${uri.slice(0, 200)}" is not spiffe://<clusterset>/cluster/<id>/<role>`)
  }
  if (!isRole(role)) throw new IdentityError(`"${role.slice(0, 63)}" is no role of ours`)
  return { clusterset: requireClusterset(clusterset), cluster: requireClusterId(cluster), role }
}

/** The identity in a certificate: PEM, DER, or parsed. Throws IdentityError unless there is exactly one good URI. */
export function certificateIdentity(certificate: string | Buffer | X509Certificate): PeerIdentity {
  return alternativeNamesIdentity(readCertificate(certificate).subjectAltName)
}

/**
 * The identity in the text that Node makes of the subject alternative names, as `X509Certificate.subjectAltName` and
 * `getPeerCertificate().subjectaltname` give it: `DNS:a, URI:b`, with names that hold commas or quotes as JSON strings.
 */
export function alternativeNamesIdentity(names: string | undefined): PeerIdentity {
  return parseIdentity(onlyUri(names))
}

function onlyUri(names: string | undefined): string {
  const uris = splitAlternativeNames(names ?? '').flatMap((name) =>
    name.startsWith('URI:') ? [name.slice('URI:'.length)] : [],
  )
  const [uri] = uris
  if (uri === undefined) throw new IdentityError('the certificate names no SPIFFE id')
  if (uris.length > 1)
    throw new IdentityError(`the certificate names ${uris.length} URIs, where one is wanted`)
  return uri
}

/** Same clusterset, cluster and role. */
export function sameIdentity(a: PeerIdentity, b: PeerIdentity): boolean {
  return a.clusterset === b.clusterset && a.cluster === b.cluster && a.role === b.role
}

/** `"` opens a JSON string in which `, ` does not part names (Node's answer to CVE-2021-44532). */
function splitAlternativeNames(names: string): string[] {
  return names.match(/(?:[^",]|"(?:[^"\\]|\\.)*"|,(?! ))+/g)?.map((name) => name.trim()) ?? []
}

function readCertificate(certificate: string | Buffer | X509Certificate): X509Certificate {
  if (certificate instanceof X509Certificate) return certificate
  try {
    return new X509Certificate(certificate)
  } catch (cause) {
    throw new IdentityError('the certificate cannot be read', { cause })
  }
}

function isRole(role: string): role is Role {
  return Object.values<string>(Role).includes(role)
}
