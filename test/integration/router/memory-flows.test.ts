/** Flows between two data paths joined in memory: real sockets at both ends, no network between. */
import { describeFlows } from '../../support/flow-behaviours.ts'
import { memoryPair } from '../../support/router-pair.ts'

describeFlows('routers joined in memory', memoryPair, { bulkMegabytes: 32 })
