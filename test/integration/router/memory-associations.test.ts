/** UDP between two data paths that are joined in memory. */
import { memoryPair } from '../../support/router-pair.ts'
import { describeAssociations } from '../../support/udp-behaviours.ts'

describeAssociations('associations of data paths joined in memory', memoryPair)
