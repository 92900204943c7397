/** A resolver without sockets, for tests of what it answers. */

import { silentLogger } from '../../src/core/log.ts'
import { createMetrics } from '../../src/core/metrics.ts'
import { Snapshot } from '../../src/core/snapshot.ts'
import { Authority } from '../../src/dns/authority.ts'
import { DnsStats } from '../../src/dns/dns-stats.ts'
import { createResponder, type MessageHandler, type Transport } from '../../src/dns/responder.ts'
import { serviceZones } from '../../src/dns/service-zone.ts'
import type { ZoneSnapshot } from '../../src/dns/zone-snapshot.ts'
import { zoneConfig } from './dns-fixture.ts'
import { FakeClock } from './fake-clock.ts'

export interface TestResponder {
  readonly handle: (message: Buffer, transport?: Transport) => Buffer | undefined
  readonly handler: MessageHandler
  readonly snapshots: Snapshot<ZoneSnapshot>
  readonly authority: Authority
  /** The exposition text of its metrics. */
  readonly metrics: () => Promise<string>
}

/** Answers from `snapshot`, with `random` for the order. */
export function testResponder(snapshot: ZoneSnapshot, random = () => 0.999): TestResponder {
  const metrics = createMetrics()
  const stats = new DnsStats(metrics, new FakeClock())
  const snapshots = new Snapshot(snapshot)
  const authority = new Authority(serviceZones(zoneConfig, snapshots), stats)
  const handler = createResponder({ authority, stats, random, log: silentLogger })
  return {
    handler,
    snapshots,
    authority,
    handle(message, transport = 'udp') {
      const response = handler(message, transport)
      if (response instanceof Promise) throw new Error('the answer should be there at once')
      return response
    },
    metrics: async () => {
      stats.flush()
      return await metrics.text()
    },
  }
}
