/**
 * Reads the part of a Corefile that the lab honours: server blocks and their `forward` lines. Pure.
 * Grammar: https://coredns.io/2017/07/23/corefile-explained/
 */
import { isIP } from 'node:net'
import { LabError } from '../errors.ts'
import { COREFILE_MAX_LENGTH, MAX_UPSTREAMS } from './limits.ts'

/** The Corefile cannot be read; the message says where. */
export class CorefileError extends LabError {}

export interface Upstream {
  readonly host: string
  readonly port: number
}

/** Names at and below `zone` are asked of `upstreams`. */
export interface ForwardRule {
  /** Without dots at the ends, lower case; empty for the root. */
  readonly zone: string
  readonly upstreams: readonly Upstream[]
}

interface Token {
  readonly text: string
  readonly line: number
}

interface Block {
  readonly keys: readonly string[]
  readonly directives: readonly (readonly Token[])[]
}

const DNS_PORT = 53

/** Every forward rule of the blocks for port 53. `system` stands for /etc/resolv.conf. */
export function forwardRules(corefile: string, system: readonly Upstream[]): readonly ForwardRule[] {
  if (corefile.length > COREFILE_MAX_LENGTH) throw new CorefileError('the Corefile is too long')
  return parseBlocks(tokenLines(corefile)).flatMap((block) =>
    block.directives
      .filter(([name]) => name?.text === 'forward')
      .flatMap((directive) => rulesOf(block, directive, system)),
  )
}

function rulesOf(block: Block, directive: readonly Token[], system: readonly Upstream[]): ForwardRule[] {
  const [name, from, ...to] = directive
  if (from === undefined || to.length === 0)
    throw new CorefileError(`line ${name?.line}: forward needs FROM and TO`)
  const upstreams = to.flatMap((target) => upstreamsOf(target, system)).slice(0, MAX_UPSTREAMS)
  const blockZones = block.keys.flatMap(zoneOfKey)
  const zones = from.text === '.' ? blockZones : [normalised(from.text)]
  return zones.map((zone) => ({ zone, upstreams }))
}

/** `10.0.0.1`, `10.0.0.1:5353`, `[::1]:53`, `dns://...` or a file of resolvers, of which there is one. */
function upstreamsOf({ text, line }: Token, system: readonly Upstream[]): readonly Upstream[] {
  if (text.startsWith('/')) return system
  const address = text.replace(/^dns:\/\//, '')
  const [, bracketed, plain, port] =
    /^(?:\[([^\]]+)\]|([^:]+|[^:]*:[^:]*:.*?))(?::(\d+))?$/.exec(address) ?? []
  const host = isIP(address) === 0 ? (bracketed ?? plain ?? '') : address
  if (isIP(host) === 0) throw new CorefileError(`line ${line}: forward to ${text}: give an address`)
  return [{ host, port: isIP(address) === 0 && port !== undefined ? Number(port) : DNS_PORT }]
}

/** The zone of a server block's key; nothing when the block is for another port or protocol than ours. */
function zoneOfKey(key: string): string[] {
  const [, scheme = 'dns', zone = '', port = String(DNS_PORT)] =
    /^(?:(\w+):\/\/)?(.*?)(?::(\d+))?$/.exec(key) ?? []
  return scheme === 'dns' && Number(port) === DNS_PORT ? [normalised(zone)] : []
}

function normalised(zone: string): string {
  return zone.toLowerCase().replace(/^\.+|\.+$/g, '')
}

/** `keys { directives }` one after another. Directives may have bodies of their own, which are passed over. */
function parseBlocks(lines: readonly (readonly Token[])[]): Block[] {
  const blocks: Block[] = []
  let keys: string[] = []
  let directives: (readonly Token[])[] = []
  let depth = 0
  for (const line of lines) {
    const words = line.filter(({ text }) => text !== '{' && text !== '}')
    if (depth === 0) keys.push(...words.flatMap(({ text }) => text.split(',').filter(Boolean)))
    else if (depth === 1 && words.length > 0) directives.push(words)
    const before = depth
    depth += count(line, '{') - count(line, '}')
    if (depth < 0) throw new CorefileError(`line ${line[0]?.line}: a } too many`)
    if (depth > 0 || before === 0) continue
    blocks.push({ keys, directives })
    keys = []
    directives = []
  }
  if (depth > 0) throw new CorefileError(`a } is missing at the end`)
  return blocks
}

function count(line: readonly Token[], text: string): number {
  return line.filter((token) => token.text === text).length
}

/** Words by line, without comments; braces stand alone as CoreDNS wants them. */
function tokenLines(corefile: string): Token[][] {
  return corefile
    .split('\n')
    .map((text, index) => words(text).map((word) => ({ text: word, line: index + 1 })))
    .filter((line) => line.length > 0)
}

function words(line: string): string[] {
  const code = line.replace(/(^|\s)#.*$/, '')
  return [...code.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
}
