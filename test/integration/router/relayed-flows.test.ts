/** Flows between two whole routers over others: AMQP data connections over mutual TLS on loopback, paths set by hand. */
import { describeFlows } from '../../support/flow-behaviours.ts'
import { relayedPair } from '../../support/relay-mesh.ts'

describeFlows('routers with a relay between them', () => relayedPair('middle'), { bulkMegabytes: 64 })
describeFlows('routers with two relays between them', () => relayedPair('left', 'right'), {
  bulkMegabytes: 16,
})
