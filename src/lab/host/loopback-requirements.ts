/** What a lab in loopback mode needs of this machine. */
import { createServer } from 'node:net'
import { errorCode } from '../../core/errors.ts'
import { LabError } from '../errors.ts'
import type { ClusterPlan } from '../topology.ts'

/** Throws LabError when the addresses of these clusters are taken: there is one 127.0.0.0/8 only. */
export async function requireLoopback(clusters: readonly ClusterPlan[]): Promise<void> {
  for (const { nodeAddress, apiPort } of clusters) await requireFree(nodeAddress, apiPort)
}

async function requireFree(host: string, port: number): Promise<void> {
  const server = createServer()
  const listening = Promise.withResolvers<void>()
  server.once('error', listening.reject)
  server.listen({ host, port }, listening.resolve)
  try {
    await listening.promise
  } catch (cause) {
    const reason =
      errorCode(cause) === 'EADDRINUSE'
        ? 'another lab in loopback mode runs on this machine, and there can be one only'
        : `loopback mode cannot use the address ${host} here`
    throw new LabError(reason, { cause })
  }
  await new Promise<void>((resolve) => server.close(() => resolve()))
}
