/**
 * What a cluster says of its global addresses, read from its API.
 */

import { findCondition } from '../../api/conditions.ts'
import {
  GLOBAL_NETWORK,
  GlobalCondition,
  type GlobalEgressIP,
  type GlobalIngressIP,
  type GlobalNetwork,
  type IngressTarget,
} from '../../api/globalnet.ts'
import type { Condition } from '../../api/objects.ts'
import { Resource } from '../../api/resources.ts'
import { isUnknownApi } from '../../kube/errors.ts'
import type { KubeClient } from '../../kube/types.ts'
import { InstallError } from '../install/errors.ts'
import type { Table } from '../output.ts'

export interface NetworkReport {
  readonly block?: string
  readonly claimedAt?: string
  readonly total?: number
  readonly allocated?: number
  readonly egressIPs: readonly string[]
  readonly conditions: readonly Pick<Condition, 'type' | 'status' | 'reason' | 'message'>[]
}

export interface AddressReport {
  readonly namespace: string
  readonly name: string
  /** Of a GlobalIngressIP: what it leads to. */
  readonly target?: string
  readonly addresses: readonly string[]
  readonly allocated: Condition['status']
  readonly message: string
}

export interface GlobalnetReport {
  /** Absent: globalnet is off. */
  readonly network?: NetworkReport
  readonly egress: readonly AddressReport[]
  readonly ingress: readonly AddressReport[]
}

/** Reads it all, in parallel. Throws InstallError where the kinds are not known. */
export async function globalnetReport({
  client,
}: {
  readonly client: Pick<KubeClient, 'get' | 'list'>
}): Promise<GlobalnetReport> {
  try {
    const [network, egress, ingress] = await Promise.all([
      client.get<GlobalNetwork>(Resource.globalNetwork, { name: GLOBAL_NETWORK }),
      client.list<GlobalEgressIP>(Resource.globalEgressIP, {}),
      client.list<GlobalIngressIP>(Resource.globalIngressIP, {}),
    ])
    return {
      ...(network === undefined ? {} : { network: networkReport(network) }),
      egress: egress.items.map(egressReport),
      ingress: ingress.items.map(ingressReport),
    }
  } catch (error) {
    if (!isUnknownApi(error)) throw error
    throw new InstallError(
      'this cluster knows no global addresses: run "fairlead install --globalnet" first',
      {
        cause: error,
      },
    )
  }
}

/** Pure. */
export function networkReport({ status = {} }: GlobalNetwork): NetworkReport {
  const { block, claimedAt, capacity, egressIPs = [], conditions = [] } = status
  return {
    ...(block === undefined ? {} : { block }),
    ...(claimedAt === undefined ? {} : { claimedAt }),
    ...(capacity ?? {}),
    egressIPs,
    conditions: conditions.map(({ type, status: state, reason, message }) => ({
      type,
      status: state,
      reason,
      message,
    })),
  }
}

/** Pure. */
export function egressReport(object: GlobalEgressIP): AddressReport {
  return { ...addressesOf(object), addresses: object.status?.allocatedIPs ?? [] }
}

function ingressReport(object: GlobalIngressIP): AddressReport {
  const address = object.status?.allocatedIP
  const target = object.spec === undefined ? {} : { target: targetText(object.spec.target) }
  return { ...addressesOf(object), ...target, addresses: address === undefined ? [] : [address] }
}

function targetText(target: IngressTarget): string {
  return target.kind === 'Service' ? target.service : `${target.endpoint}.${target.service}`
}

function addressesOf({
  metadata,
  status,
}: GlobalEgressIP | GlobalIngressIP): Omit<AddressReport, 'addresses'> {
  const allocated = findCondition(status?.conditions, GlobalCondition.allocated)
  const conflict = findCondition(status?.conditions, GlobalCondition.conflict)
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    allocated: allocated?.status ?? 'Unknown',
    message: messageOf(allocated, conflict),
  }
}

function messageOf(allocated: Condition | undefined, conflict: Condition | undefined): string {
  const missing = allocated?.status === 'False' ? [allocated.message] : []
  return [...missing, ...(conflict?.status === 'True' ? [conflict.message] : [])].join('; ')
}

/** One table for each kind; those without rows are left out. */
export function globalnetTables({ network, egress, ingress }: GlobalnetReport): Table[] {
  const tables: Table[] = [
    network === undefined ? [['GLOBALNET'], ['off: there is no GlobalNetwork']] : networkTable(network),
    network === undefined ? [] : [['CONDITION', 'STATUS', 'REASON', 'MESSAGE'], ...conditionRows(network)],
    [
      ['EGRESS', 'ALLOCATED', 'ADDRESSES', 'MESSAGE'],
      ...egress.map((each) => [
        `${each.namespace}/${each.name}`,
        each.allocated,
        each.addresses.join(','),
        each.message,
      ]),
    ],
    [
      ['INGRESS', 'TARGET', 'ALLOCATED', 'ADDRESS', 'MESSAGE'],
      ...ingress.map((each) => [
        `${each.namespace}/${each.name}`,
        each.target ?? '',
        each.allocated,
        each.addresses.join(','),
        each.message,
      ]),
    ],
  ]
  return tables.filter((table) => table.length > 1)
}

function networkTable({
  block = '<none>',
  claimedAt = '',
  total,
  allocated,
  egressIPs,
}: NetworkReport): Table {
  const used = total === undefined ? '' : `${allocated ?? 0} of ${total}`
  return [
    ['BLOCK', 'CLAIMED', 'USED', 'EGRESS'],
    [block, claimedAt, used, egressIPs.join(',')],
  ]
}

function conditionRows({ conditions }: NetworkReport): string[][] {
  return conditions.map(({ type, status, reason, message }) => [type, status, reason, message])
}
