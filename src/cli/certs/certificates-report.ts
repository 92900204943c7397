/**
 * What a cluster's Trust says of its certificates, as one value and as tables.
 */
import { findCondition } from '../../api/conditions.ts'
import type { Condition } from '../../api/objects.ts'
import {
  type CertificateStatus,
  type MemberStatus,
  type Trust,
  TrustCondition,
  type TrustRole,
} from '../../api/trust.ts'
import type { Member } from '../member.ts'
import type { Table } from '../output.ts'
import { presentTrust } from '../trust/present-trust.ts'

export interface CertificateReport extends CertificateStatus {
  /** root, authority, router or agent. */
  readonly what: string
}

export interface CertificatesReport {
  readonly role: TrustRole
  readonly cluster?: string | undefined
  readonly clusterset?: string | undefined
  readonly certificates: readonly CertificateReport[]
  /** Of the founder. */
  readonly members: readonly MemberStatus[]
  readonly conditions: readonly Condition[]
  /** Every condition is as it should be. */
  readonly healthy: boolean
}

export async function certificatesReport(member: Member): Promise<CertificatesReport> {
  return reportOf(await presentTrust(member))
}

/** Pure. */
export function reportOf(trust: Trust | undefined): CertificatesReport {
  const { role = 'none', cluster, clusterset, root, authority, leaves = [], ...rest } = trust?.status ?? {}
  const { members = [], conditions = [] } = rest
  const certificates = [
    ...(root === undefined ? [] : [{ what: 'root', ...root }]),
    ...(authority === undefined ? [] : [{ what: 'authority', ...authority }]),
    ...leaves.map(({ role: what, ...leaf }) => ({ what, ...leaf })),
  ]
  const healthy = [TrustCondition.ready, TrustCondition.certificatesValid].every(
    (type) => findCondition(conditions, type)?.status === 'True',
  )
  return { role, cluster, clusterset, certificates, members, conditions, healthy }
}

/** One table per part, those without rows left out. */
export function reportTables({ certificates, members, conditions, ...who }: CertificatesReport): Table[] {
  const tables: Table[] = [
    [
      ['ROLE', 'CLUSTER', 'CLUSTERSET'],
      [who.role, who.cluster ?? '<none>', who.clusterset ?? '<none>'],
    ],
    [
      ['CERTIFICATE', 'ENDS', 'RENEWED', 'SHA-256'],
      ...certificates.map(({ what, notAfter, renewAt = '<not here>', sha256 }) => [
        what,
        notAfter,
        renewAt,
        sha256.slice(0, SHOWN),
      ]),
    ],
    [
      ['MEMBER', 'SINCE', 'ENDS'],
      ...members.map(({ cluster, issuedAt, notAfter }) => [cluster, issuedAt, notAfter]),
    ],
    [
      ['CONDITION', 'STATUS', 'MESSAGE'],
      ...conditions.map(({ type, status, message, reason }) => [type, status, message || reason]),
    ],
  ]
  return tables.filter((table) => table.length > 1)
}

/** Digits of a hash that tell two certificates apart. */
const SHOWN = 16
