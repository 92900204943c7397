/** Child, with --expose-gc: a router that knows nothing dials one that knows everything, and tells what that took. */
import { eventually } from '../../test/support/eventually.ts'
import { linkTo, startNetwork } from '../../test/support/network.ts'
import type { NewcomerArgument, Synced } from './messages.ts'
import { countRecords } from './records.ts'

const MB = 1_000_000

const { tlsDir, linkPort, records } = JSON.parse(process.argv[2] ?? '{}') as NewcomerArgument
const before = memory()
const cpu = process.cpuUsage()
const start = performance.now()
const { network } = await startNetwork({ tlsDir, links: [linkTo('holder', linkPort)] })
await new Promise<void>((resolve) => {
  const look = () => {
    if (countRecords(network.directory.current()) === records) resolve()
  }
  network.directory.subscribe(look)
  look()
})
const ms = performance.now() - start
const { user, system } = process.cpuUsage(cpu)
const after = memory()
const synced: Synced = {
  ms,
  cpuMs: (user + system) / 1_000,
  heapMb: (after.heapUsed - before.heapUsed) / MB,
  rssMb: (after.rss - before.rss) / MB,
}
process.send?.(synced)
await eventually(() => !process.connected || Promise.reject(new Error('still wanted')), { within: 10_000 })
process.exit()

function memory(): NodeJS.MemoryUsage {
  globalThis.gc?.()
  return process.memoryUsage()
}
