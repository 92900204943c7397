/** Asks a node's kubelet over its unix socket. */
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { LabError } from './errors.ts'
import { CONTROL_TIMEOUT } from './limits.ts'

/** A container that runs now. */
export interface RunningContainer {
  readonly namespace: string
  readonly pod: string
  readonly container: string
  /** Its first process. */
  readonly pid: number
}

/** A pod that has addresses of its own now. */
export interface PlacedPod {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  /** The main one first. */
  readonly addresses: readonly string[]
}

/** True when the node's kubelet, Service rules, controllers and DNS are up. */
export async function nodeReady(socketPath: string): Promise<boolean> {
  try {
    await get(socketPath, '/readyz')
    return true
  } catch {
    // Not listening yet, or listening and not ready: both mean no.
    return false
  }
}

/** The containers that run on the node. */
export async function runningContainers(socketPath: string): Promise<readonly RunningContainer[]> {
  return JSON.parse(await get(socketPath, '/runningContainers')) as RunningContainer[]
}

/** The pods of the node, but for those on its own network. */
export async function placedPods(socketPath: string): Promise<readonly PlacedPod[]> {
  return JSON.parse(await get(socketPath, '/placedPods')) as PlacedPod[]
}

async function get(socketPath: string, path: string): Promise<string> {
  const answered = Promise.withResolvers<import('node:http').IncomingMessage>()
  const call = request({ socketPath, path, timeout: CONTROL_TIMEOUT }, answered.resolve)
  call.once('error', answered.reject)
  call.once('timeout', () => call.destroy(new LabError(`the kubelet did not answer ${path}`)))
  call.end()
  const response = await answered.promise
  const body = await text(response)
  if (response.statusCode !== 200)
    throw new LabError(`the kubelet answered ${path} with ${response.statusCode}: ${body.trim()}`)
  return body
}
