/** Flows between two whole routers: AMQP data connections over mutual TLS on loopback. */
import { describeFlows } from '../../support/flow-behaviours.ts'
import { networkPair } from '../../support/network-pair.ts'

describeFlows('routers joined by a link', networkPair, { bulkMegabytes: 256 })
