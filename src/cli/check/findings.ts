/**
 * Whether a cluster is as it should be: one finding for each thing that is looked at. Pure.
 */
import { GlobalCondition } from '../../api/globalnet.ts'
import { TrustCondition } from '../../api/trust.ts'
import type { CertificatesReport } from '../certs/certificates-report.ts'
import type { GlobalnetReport, NetworkReport } from '../globalnet/globalnet-report.ts'
import type { ClusterStatus } from '../status/cluster-status.ts'

export interface Finding {
  /** What was looked at. */
  readonly check: string
  readonly ok: boolean
  /** What is wrong and what to do, or what there is. */
  readonly message: string
}

/** A process that runs on every node. */
export interface NodeProcess {
  readonly name: string
  readonly ready: number
  readonly wanted: number
}

export function statusFindings({
  namespace,
  processes,
  links,
  exports,
  clusterId,
}: ClusterStatus): Finding[] {
  const missing = missingText(namespace)
  return [
    {
      check: 'membership',
      ok: clusterId !== undefined,
      message: clusterId ?? missing.id,
    },
    processes.length === 0
      ? { check: 'processes', ok: false, message: missing.processes }
      : all(
          'processes',
          processes.filter(({ ready, wanted }) => ready < wanted).map(short),
          `${processes.length} run`,
        ),
    all(
      'links',
      links.filter(({ ready }) => ready !== 'True').map(({ name, message }) => `${name}: ${message}`),
      `${links.length} stand`,
    ),
    all(
      'exports',
      exports
        .filter(({ valid, conflict, ready }) => valid === 'False' || conflict === 'True' || ready === 'False')
        .map(({ namespace, name, message }) => `${namespace}/${name}: ${message}`),
      `${exports.length} are well`,
    ),
  ]
}

/** What to do where there is no id, or no process. */
function missingText(namespace: string | undefined): { readonly id: string; readonly processes: string } {
  if (namespace === undefined)
    return {
      id: 'the cluster has no id: run fairlead join FILE, or fairlead install --cluster-id ID',
      processes: 'fairlead is not installed: run fairlead install',
    }
  const install = `run fairlead install --namespace-scoped -n ${namespace} --cluster-id ID`
  return {
    id: `the member has no id: ${install}`,
    processes: `fairlead is not installed in namespace ${namespace}: ${install}`,
  }
}

/** How the certificates stand, and when the first of those ends that nobody renews by itself. */
export function certificateFindings({ conditions, role, certificates }: CertificatesReport): Finding[] {
  const check = 'certificates'
  if (role === 'none') {
    const waits = conditions.find(({ type }) => type === TrustCondition.ready)
    return [{ check, ok: false, message: waits?.message ?? 'no controller has looked at them yet' }]
  }
  const wrong = [TrustCondition.ready, TrustCondition.certificatesValid].flatMap((type) => {
    const found = conditions.find((condition) => condition.type === type)
    return found?.status === 'True' ? [] : [found?.message ?? `nothing is known of ${type}`]
  })
  const ends = certificates.map(({ what, notAfter }) => `${what} ends ${notAfter}`)
  return [all(check, [...new Set(wrong)], ends.join(', '))]
}

function short({ name, ready, wanted }: NodeProcess): string {
  return `${name}: ${ready} of ${wanted} are ready`
}

function all(check: string, faults: readonly string[], message: string): Finding {
  return faults.length === 0 ? { check, ok: true, message } : { check, ok: false, message: faults.join('; ') }
}

/** Nothing where globalnet is off. */
export function globalnetFindings(
  { network, egress, ingress }: GlobalnetReport,
  agents: readonly NodeProcess[],
): Finding[] {
  if (network === undefined) return []
  const without = [...egress, ...ingress].filter(({ message }) => message !== '')
  return [
    blockFinding(network),
    badWhenTrue(network, GlobalCondition.conflict, 'global block', 'no other cluster claims it'),
    badWhenTrue(network, GlobalCondition.overlap, 'global range', 'it overlaps nothing'),
    all(
      'global addresses',
      without.map(({ namespace, name, message }) => `${namespace}/${name}: ${message}`),
      `${egress.length + ingress.length} owners have theirs`,
    ),
    agents.length === 0
      ? { check: 'agents', ok: false, message: 'none runs: run fairlead install --globalnet' }
      : all(
          'agents',
          agents.filter(({ ready, wanted }) => ready < wanted).map(short),
          'one runs on every node',
        ),
  ]
}

function blockFinding({ conditions, block = '' }: NetworkReport): Finding {
  const found = conditions.find(({ type }) => type === GlobalCondition.allocated)
  const message = found?.message ?? 'no controller has looked at it: does it run with --globalnet?'
  return {
    check: 'globalnet',
    ok: found?.status === 'True',
    message: found?.status === 'True' ? block : message,
  }
}

function badWhenTrue({ conditions }: NetworkReport, type: string, check: string, good: string): Finding {
  const found = conditions.find((condition) => condition.type === type)
  return found?.status === 'True'
    ? { check, ok: false, message: found.message }
    : { check, ok: true, message: good }
}
