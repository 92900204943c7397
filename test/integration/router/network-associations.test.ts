/** UDP between two whole routers: AMQP data connections over mutual TLS on loopback. */
import { networkPair } from '../../support/network-pair.ts'
import { describeAssociations } from '../../support/udp-behaviours.ts'

describeAssociations('associations of routers joined by a link', networkPair)
