/**
 * Process entry of the lab's Kubernetes API server: flags to configuration, signals to an end, errors to an exit code.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { systemClock } from '../core/clock.ts'
import { describeError, UsageError } from '../core/errors.ts'
import { terminationSignal } from '../core/lifecycle.ts'
import { createLogger } from '../core/log.ts'
import { createMetrics } from '../core/metrics.ts'
import type { TcpAddress } from '../lab/api-server/http/listeners.ts'
import { type ApiServerConfig, startApiServer } from '../lab/api-server/server.ts'

const OPTIONS = {
  state: { type: 'string' },
  listen: { type: 'string', multiple: true },
  socket: { type: 'string', multiple: true },
  cert: { type: 'string' },
  key: { type: 'string' },
  'client-ca': { type: 'string' },
  'service-cidr': { type: 'string' },
  advertise: { type: 'string' },
  kubelet: { type: 'string', multiple: true },
  audit: { type: 'string' },
} as const

function readConfig(args: string[]): ApiServerConfig {
  const { values } = parseArgs({ args, options: OPTIONS, strict: true })
  return {
    listen: (values.listen ?? []).map(parseAddress),
    sockets: values.socket ?? [],
    tls: {
      cert: readPem(values.cert, '--cert'),
      key: readPem(values.key, '--key'),
      clientCa: readPem(values['client-ca'], '--client-ca'),
    },
    stateFolder: values.state,
    serviceCidr: values['service-cidr'],
    advertise: values.advertise,
    kubelets: new Map((values.kubelet ?? []).map(parseKubelet)),
    auditFile: values.audit,
  }
}

function parseAddress(text: string): TcpAddress {
  const colon = text.lastIndexOf(':')
  const port = Number(text.slice(colon + 1))
  if (colon < 1 || !Number.isInteger(port) || port > 65_535)
    throw new UsageError(`--listen ${text}: give HOST:PORT`)
  return { host: text.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port }
}

/** NODE=SOCKET. */
function parseKubelet(text: string): [string, string] {
  const at = text.indexOf('=')
  if (at < 1) throw new UsageError(`--kubelet ${text}: give NODE=SOCKET`)
  return [text.slice(0, at), text.slice(at + 1)]
}

function readPem(path: string | undefined, flag: string): string {
  if (path === undefined) throw new UsageError(`${flag} FILE is missing`)
  return readFileSync(path, 'utf8')
}

async function main(): Promise<void> {
  const log = createLogger('info', { component: 'lab-api-server' }, 2)
  try {
    const config = readConfig(process.argv.slice(2))
    const server = await startApiServer({ clock: systemClock, log, metrics: createMetrics() }, config)
    log.info({ ports: server.ports, sockets: config.sockets }, 'serving')
    const signal = await terminationSignal()
    log.info({ signal }, 'stopping')
    await server.stop()
  } catch (error) {
    log.error({ error: describeError(error) }, 'cannot serve')
    process.exitCode = error instanceof UsageError ? 2 : 1
  }
}

await main()
