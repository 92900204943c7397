/**
 * What /metrics tells of UDP. Associations add to plain numbers; scraping reads them.
 */
import type { Metrics, Sample } from '../../core/metrics.ts'
import { type FlowSide, reasonOf } from '../flow-stats.ts'

/** Why a datagram was dropped; the label `reason`. */
export const DropReason = {
  /** No cluster that can be reached has a backend, or none of them would have it. */
  noBackend: 'no-backend',
  /** The table of associations is full of busy ones. */
  tableFull: 'table-full',
  /** It waited too long for the link. */
  link: 'link',
  /** The socket holds too many that the kernel did not take. */
  sendQueue: 'send-queue',
  noBuffers: 'no-buffers',
  /** Larger than the way to the receiver takes. */
  tooBig: 'too-big',
  /** The receiver's machine said that nobody listens. */
  refused: 'refused',
  sendFailed: 'send-failed',
  /** Sent from port 0: there is nobody to answer. */
  noSource: 'no-source',
  /** A policy's limit of bytes is reached. */
  policyLimit: 'policy-limit',
  /** Its association was over. */
  ended: 'ended',
} as const
export type DropReason = (typeof DropReason)[keyof typeof DropReason]

/** Counters of one side. The numbers are public because associations add to them directly. */
export class UdpStats {
  open = 0
  opened = 0
  /** Taken out of a full table for a new client. */
  evicted = 0
  /** Read from the side's sockets. */
  received = 0
  receivedBytes = 0
  /** Given to the side's sockets. */
  sent = 0
  sentBytes = 0
  readonly dropped: Record<DropReason, number>
  readonly #failed: (reason: string) => void

  constructor(failed: (reason: string) => void) {
    this.#failed = failed
    const reasons = Object.values(DropReason).map((reason) => [reason, 0])
    this.dropped = Object.fromEntries(reasons) as Record<DropReason, number>
  }

  /** An association ended with an AMQP error condition, or was refused with it. */
  failed(condition: string): void {
    this.#failed(reasonOf(condition))
  }
}

/** Both sides, registered once. */
export class UdpMetrics {
  readonly ingress: UdpStats
  readonly egress: UdpStats

  constructor(metrics: Metrics) {
    const prefix = 'fairlead_router_udp'
    const failed = metrics.counter(
      `${prefix}_associations_failed_total`,
      'UDP associations that were refused or ended by an error',
      ['side', 'reason'],
    )
    this.ingress = new UdpStats((reason) => failed({ side: 'ingress', reason }))
    this.egress = new UdpStats((reason) => failed({ side: 'egress', reason }))
    const sides = ['side']
    metrics.observeEach(`${prefix}_associations`, 'Open UDP associations', sides, () =>
      this.#each(({ open }) => open),
    )
    metrics.totalEach(`${prefix}_associations_opened_total`, 'UDP associations opened', sides, () =>
      this.#each(({ opened }) => opened),
    )
    metrics.totalEach(
      `${prefix}_associations_evicted_total`,
      'Idle UDP associations that made room in a full table',
      sides,
      () => this.#each(({ evicted }) => evicted),
    )
    metrics.totalEach(
      `${prefix}_datagrams_total`,
      'Datagrams read from and given to UDP sockets',
      ['side', 'direction'],
      () => this.#directions('received', 'sent'),
    )
    metrics.totalEach(`${prefix}_datagram_bytes_total`, 'Bytes of them', ['side', 'direction'], () =>
      this.#directions('receivedBytes', 'sentBytes'),
    )
    metrics.totalEach(
      `${prefix}_datagrams_dropped_total`,
      'Datagrams dropped, by cause',
      ['side', 'reason'],
      () => this.#drops(),
    )
  }

  get #sides(): readonly (readonly [FlowSide, UdpStats])[] {
    return [
      ['ingress', this.ingress],
      ['egress', this.egress],
    ]
  }

  #each(read: (stats: UdpStats) => number): Sample[] {
    return this.#sides.map(([side, stats]) => [{ side }, read(stats)])
  }

  #directions(received: 'received' | 'receivedBytes', sent: 'sent' | 'sentBytes'): Sample[] {
    return this.#sides.flatMap(([side, stats]): Sample[] => [
      [{ side, direction: 'received' }, stats[received]],
      [{ side, direction: 'sent' }, stats[sent]],
    ])
  }

  #drops(): Sample[] {
    return this.#sides.flatMap(([side, { dropped }]) =>
      Object.entries(dropped).map(([reason, count]): Sample => [{ side, reason }, count]),
    )
  }
}
