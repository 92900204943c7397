/** Child: receives one bulk stream from the port in its argument until it is ended. */
import { startBulk } from './load/bulk.ts'

await startBulk(Number(process.argv[2]), 1)
process.on('SIGTERM', () => process.exit()).on('disconnect', () => process.exit())
process.send?.({})
