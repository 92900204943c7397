/**
 * Composition root of a slow line: the process in a node's network namespace that connections with another cluster go
 * through. Ends with its standard input, or when it was told to drain and nothing is open.
 */
import { parseArgs } from 'node:util'
import { systemClock } from '../core/clock.ts'
import { describeError } from '../core/errors.ts'
import { createLogger } from '../core/log.ts'
import { readLines } from '../lab/control/line-reader.ts'
import { findCluster, findNode, readLabConfig } from '../lab/lab-config.ts'
import { labFiles } from '../lab/layout.ts'
import type { LineReady, LineRequest } from '../lab/slow/line-protocol.ts'
import { SlowRelay } from '../lab/slow/slow-relay.ts'
import { wantedEnd } from '../lab/slow/wanted-end.ts'
import { SLOW_TABLE } from '../lab/supervisor/slow-rules.ts'

const { values } = parseArgs({
  options: {
    state: { type: 'string', default: '.lab' },
    cluster: { type: 'string', default: '' },
    node: { type: 'string' },
    peer: { type: 'string', default: '' },
  },
})
const lab = await readLabConfig(labFiles(values.state).config)
const log = createLogger(lab.logLevel, { component: 'lab-line', cluster: values.cluster, to: values.peer }, 2)
try {
  const { gateway, ipv6 } = findNode(findCluster(lab, values.cluster), values.node)
  const hosts = ipv6 === undefined ? [gateway] : [gateway, ipv6.gateway]
  const relays = hosts.map(
    (host) =>
      new SlowRelay(
        { clock: systemClock, random: Math.random, log, wantedEnd: (from) => wantedEnd(SLOW_TABLE, from) },
        { host },
      ),
  )
  const ends = await Promise.all(
    relays.map(async (relay, index) => ({ address: hosts[index] ?? '', port: await relay.start() })),
  )
  const ready: LineReady = { ends }
  process.stdout.write(`${JSON.stringify(ready)}\n`)
  for await (const line of readLines(process.stdin)) {
    const request = JSON.parse(line) as LineRequest
    if ('shape' in request) for (const relay of relays) relay.reshape(request.shape)
    else void Promise.all(relays.map((relay) => relay.drain())).then(() => process.exit(0))
  }
  process.exit(0)
} catch (error) {
  log.error({ error: describeError(error) }, 'the line cannot go on')
  process.exit(1)
}
