/** What probes and lifecycle hooks do: connect, ask over HTTP, run a command, sleep. */
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import type { Clock } from '../../core/clock.ts'
import { describeError } from '../../core/errors.ts'
import { LabError } from '../errors.ts'
import type { Container, HttpGetAction, PodAction } from './pod.ts'
import type { ContainerProcess } from './runtime.ts'

/** Where the action happens. */
export interface ActionTarget {
  readonly address: string
  readonly container: Container
  readonly process: ContainerProcess
  readonly clock: Clock
}

export type ActionOutcome = { readonly ok: true } | { readonly ok: false; readonly message: string }

/** Does it, in at most `timeout` milliseconds. Never throws: what went wrong is in the outcome. */
export async function perform(
  action: PodAction,
  target: ActionTarget,
  timeout: number,
): Promise<ActionOutcome> {
  try {
    await performOne(action, target, timeout)
    return { ok: true }
  } catch (error) {
    return { ok: false, message: describeError(error) }
  }
}

async function performOne(action: PodAction, target: ActionTarget, timeout: number): Promise<void> {
  const { exec, httpGet, tcpSocket, sleep } = action
  if (exec !== undefined) return await runCommand(exec.command ?? [], target, timeout)
  if (httpGet !== undefined) return await getPage(httpGet, target, timeout)
  if (tcpSocket !== undefined) {
    const port = portNumber(tcpSocket.port, target.container)
    return await connectTo(tcpSocket.host ?? target.address, port, timeout)
  }
  if (sleep !== undefined) return await target.clock.sleep(sleep.seconds * 1_000)
  throw new LabError('this kind of probe is not supported by the lab')
}

async function runCommand(
  command: readonly string[],
  { process }: ActionTarget,
  timeout: number,
): Promise<void> {
  const { exitCode, output } = await process.exec(command, timeout)
  if (exitCode !== 0) throw new LabError(`exit code ${exitCode}: ${output.trim()}`)
}

async function connectTo(host: string, port: number, timeout: number): Promise<void> {
  const socket = connect({ host, port, timeout })
  const connected = Promise.withResolvers<void>()
  socket.once('connect', connected.resolve)
  socket.once('error', connected.reject)
  socket.once('timeout', () =>
    connected.reject(new LabError(`no connection to ${host}:${port} in ${timeout} ms`)),
  )
  try {
    await connected.promise
  } finally {
    socket.destroy()
  }
}

async function getPage(
  action: HttpGetAction,
  { address, container }: ActionTarget,
  timeout: number,
): Promise<void> {
  const secure = action.scheme === 'HTTPS'
  const options = {
    host: action.host ?? address,
    port: portNumber(action.port, container),
    path: action.path ?? '/',
    headers: Object.fromEntries((action.httpHeaders ?? []).map(({ name, value }) => [name, value])),
    signal: AbortSignal.timeout(timeout),
    agent: false,
  }
  const answered = Promise.withResolvers<number>()
  // A probe asks whether somebody answers, not who (as Kubernetes' does).
  const call = secure ? httpsRequest({ ...options, rejectUnauthorized: false }) : httpRequest(options)
  call.once('response', (response) => {
    response.destroy()
    answered.resolve(response.statusCode ?? 0)
  })
  call.on('error', answered.reject)
  call.end()
  const status = await answered.promise
  if (status < 200 || status >= 400) throw new LabError(`HTTP status ${status}`)
}

function portNumber(port: number | string, container: Container): number {
  if (typeof port === 'number') return port
  const named = container.ports?.find(({ name }) => name === port)?.containerPort
  const number = named ?? Number(port)
  if (Number.isInteger(number)) return number
  throw new LabError(`container ${container.name} has no port called ${port}`)
}
