/** Composition root of a lab cluster's node. Runs inside the node's network namespace until it is killed. */
import { parseArgs } from 'node:util'
import { systemClock } from '../core/clock.ts'
import { describeError } from '../core/errors.ts'
import { terminationSignal } from '../core/lifecycle.ts'
import { createLogger } from '../core/log.ts'
import { findCluster, findNode, readLabConfig } from '../lab/lab-config.ts'
import { labFiles } from '../lab/layout.ts'
import { loopbackPlatform } from '../lab/loopback/loopback-platform.ts'
import { namespacedPlatform } from '../lab/node/namespaced-platform.ts'
import { createNode } from '../lab/node/node.ts'
import { LabMode } from '../lab/topology.ts'

const { values } = parseArgs({
  options: {
    state: { type: 'string', default: '.lab' },
    cluster: { type: 'string', default: '' },
    node: { type: 'string' },
  },
})
const files = labFiles(values.state)
const lab = await readLabConfig(files.config)
const log = createLogger(lab.logLevel, { component: 'lab-node', cluster: values.cluster }, 2)
try {
  const deps = { clock: systemClock, log }
  const { userNamespace, hostResolvConf } = lab
  const realApi = lab.assets !== undefined
  const plan = findCluster(lab, values.cluster)
  const node = findNode(plan, values.node)
  const config = { plan, node, files, userNamespace, hostResolvConf, realApi }
  const createPlatform = lab.mode === LabMode.loopback ? loopbackPlatform : namespacedPlatform
  const parts = await createNode(deps, config, await createPlatform(deps, config))
  const ended = terminationSignal()
  await parts.start()
  await ended
  await parts.stop()
  process.exit(0)
} catch (error) {
  log.error({ error: describeError(error) }, 'the node cannot go on')
  process.exit(1)
}
