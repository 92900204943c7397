/** Composition root of a lab cluster's real control plane. Runs inside the node's network namespace until it is killed, or until a part of it ends. */
import { parseArgs } from 'node:util'
import { describeError } from '../core/errors.ts'
import { terminationSignal } from '../core/lifecycle.ts'
import { createLogger } from '../core/log.ts'
import { findCluster, readLabConfig } from '../lab/lab-config.ts'
import { labFiles } from '../lab/layout.ts'
import { createLabControlPlane } from '../lab/real-api/lab-control-plane.ts'

const { values } = parseArgs({
  options: { state: { type: 'string', default: '.lab' }, cluster: { type: 'string', default: '' } },
})
const files = labFiles(values.state)
const lab = await readLabConfig(files.config)
const log = createLogger(lab.logLevel, { component: 'lab-real-api', cluster: values.cluster }, 2)
try {
  const plan = findCluster(lab, values.cluster)
  const plane = await createLabControlPlane(lab.assets ?? '', plan, files.cluster(plan.name))
  const signalled = terminationSignal()
  await plane.start()
  const reason = await Promise.race([signalled, plane.ended])
  log.info({ reason }, 'the control plane ends')
  await plane.stop()
  process.exit(0)
} catch (error) {
  log.error({ error: describeError(error) }, 'the control plane cannot go on')
  process.exit(1)
}
