/**
 * What one Link says, with everything checked that its schema cannot say. Pure.
 */
import { X509Certificate } from 'node:crypto'
import type { HttpProxy, LinkEndpoint, LinkResource, SecretKey, WebSocketSettings } from '../api/link.ts'
import type { LineSettings, LinkSpec } from '../api/route-snapshot.ts'
import { describeError } from '../core/errors.ts'
import { LINK_MAX_CA, LINK_MAX_ENDPOINTS, LINK_SECONDS, LINK_WINDOW } from './limits.ts'
import {
  type Fields,
  fault,
  field,
  InvalidSpecError,
  list,
  object,
  oneOf,
  type Read,
  text,
  wholeNumber,
} from './spec-fields.ts'

/** Cost of a Link that names none. */
const DEFAULT_LINK_COST = 1

const MAX_LINK_COST = 1_000_000

const HOST = text(/^[0-9A-Za-z:._-]{1,253}$/, 'host name or address')
const PORT = wholeNumber(1, 65_535)
const PATH = text(/^\/[0-9A-Za-z/._~-]{0,255}$/, 'path such as /amqp')
const NAME = text(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/, 'name of a Secret')
const KEY = text(/^[-._a-zA-Z0-9]{1,253}$/, 'key of a Secret')

/** Throws InvalidSpecError with what the user has to mend. */
export function readLink({ metadata, spec }: LinkResource): LinkSpec {
  const fields = object(spec, 'spec')
  const httpProxy = field(fields, 'httpProxy', proxy, undefined)
  const webSocket = field(fields, 'webSocket', webSocketSettings, undefined)
  const settings = field(fields, 'settings', lineSettings, undefined)
  return {
    name: metadata.name ?? '',
    endpoints: list(endpoint, { min: 0, max: LINK_MAX_ENDPOINTS })(
      fields.values['endpoints'],
      'spec.endpoints',
    ),
    cost: field(fields, 'cost', wholeNumber(1, MAX_LINK_COST), DEFAULT_LINK_COST),
    ...(httpProxy === undefined ? {} : { httpProxy }),
    ...(webSocket === undefined ? {} : { webSocket }),
    ...(settings === undefined ? {} : { settings }),
  }
}

/** Why a Link cannot be dialled, for people; undefined when it can. */
export function linkProblem(link: LinkResource): string | undefined {
  try {
    readLink(link)
    return undefined
  } catch (error) {
    if (error instanceof InvalidSpecError) return describeError(error)
    throw error
  }
}

const endpoint: Read<LinkEndpoint> = (value, path) => {
  const fields = object(value, path)
  const transport = field(fields, 'transport', oneOf(['tls', 'wss'] as const), undefined)
  return {
    host: HOST(fields.values['host'], `${path}.host`),
    port: PORT(fields.values['port'], `${path}.port`),
    ...(transport === undefined ? {} : { transport }),
  }
}

const proxy: Read<HttpProxy> = (value, path) => {
  const fields = object(value, path)
  const credentials = field(fields, 'credentials', secretKey, undefined)
  return {
    host: HOST(fields.values['host'], `${path}.host`),
    port: PORT(fields.values['port'], `${path}.port`),
    ...(credentials === undefined ? {} : { credentials }),
  }
}

const secretKey: Read<SecretKey> = (value, path) => {
  const { values } = object(value, path)
  return { name: NAME(values['name'], `${path}.name`), key: KEY(values['key'], `${path}.key`) }
}

const webSocketSettings: Read<WebSocketSettings> = (value, path) => {
  const fields = object(value, path)
  return present({
    path: field(fields, 'path', PATH, undefined),
    ca: field(fields, 'ca', authorities, undefined),
    serverName: field(fields, 'serverName', HOST, undefined),
  })
}

/** OpenSSL would leave out what it cannot read, and the outer certificate would only be "not trusted". */
const authorities: Read<string> = (value, path) => {
  if (typeof value !== 'string' || value.length > LINK_MAX_CA) {
    throw fault(path, `is no text of at most ${LINK_MAX_CA} bytes`)
  }
  const blocks = value.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (blocks.length === 0) throw fault(path, 'holds no certificate in PEM')
  for (const block of blocks) {
    try {
      new X509Certificate(block)
    } catch (cause) {
      throw new InvalidSpecError(`${path} holds a certificate that cannot be read`, { cause })
    }
  }
  return value
}

const lineSettings: Read<LineSettings> = (value, path) => {
  const fields = object(value, path)
  return present({
    keepAliveMs: seconds(fields, 'keepAliveSeconds'),
    dialTimeoutMs: seconds(fields, 'dialTimeoutSeconds'),
    maxWindowBytes: field(fields, 'maxWindow', windowBytes, undefined),
  })
}

function seconds(fields: Fields, name: keyof typeof LINK_SECONDS): number | undefined {
  const { min, max } = LINK_SECONDS[name]
  const value = field(fields, name, wholeNumber(min, max), undefined)
  return value === undefined ? undefined : value * 1000
}

const UNITS: Readonly<Record<string, number>> = { '': 1, Ki: 2 ** 10, Mi: 2 ** 20 }

const windowBytes: Read<number> = (value, path) => {
  const [, digits, unit = ''] = /^(\d{1,9})(Ki|Mi)?$/.exec(String(value)) ?? []
  const bytes = Number(digits) * (UNITS[unit] ?? Number.NaN)
  if (bytes >= LINK_WINDOW.min && bytes <= LINK_WINDOW.max) return bytes
  throw fault(path, 'is no number of bytes from 64Ki to 64Mi, such as 4Mi')
}

/** Without the fields that are undefined. */
function present<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as never
}
