/**
 * Our block in CoreDNS's configuration. Pure text; everything outside of the block is the user's and stays as it is,
 * and so does what the user changed inside it, except for the address it forwards to.
 */
import { CLUSTERSET_ZONE } from '../../api/names.ts'

const BEGIN = '# fairlead begin'
const END = '# fairlead end'
const BLOCK = new RegExp(`\\n*^[ \\t]*${BEGIN}[^]*?^[ \\t]*${END}[ \\t]*(?:\\n|$)`, 'm')

/**
 * The Corefile with clusterset.local forwarded to `address`. Without the cache plugin: it would keep the answer to a
 * name that was asked for before its export, and our resolver answers from memory anyway.
 */
export function withForwarding(corefile: string, address: string): string {
  const present = BLOCK.exec(corefile)?.[0]
  if (present !== undefined) {
    const forward = /^(\s*forward\s+\.\s+)\S+/m
    return corefile.replace(present, () => present.replace(forward, (_, words: string) => words + address))
  }
  const block = `${BEGIN}\n${CLUSTERSET_ZONE}:53 {\n    errors\n    forward . ${address}\n}\n${END}\n`
  return `${corefile.trimEnd()}\n${block}`.trimStart()
}

/** The Corefile without our block. */
export function withoutForwarding(corefile: string): string {
  return BLOCK.test(corefile) ? corefile.replace(BLOCK, '\n').trimStart() : corefile
}

/** A server block of the user's own for the zone: CoreDNS does not start with two. */
export function hasForeignBlock(corefile: string): boolean {
  let depth = 0
  for (const line of withoutForwarding(corefile).split('\n')) {
    const code = line.replace(/#.*$/, '')
    if (depth === 0 && code.includes('{') && keysOf(code).includes(CLUSTERSET_ZONE)) return true
    depth += code.split('{').length - code.split('}').length
  }
  return false
}

/** The zones before the brace of a server block, without scheme, port and final dot. */
function keysOf(line: string): string[] {
  const [before = ''] = line.split('{')
  return before.split(/[\s,]+/).map((key) => key.replace(/^\w+:\/\//, '').replace(/\.?(:\d+)?$/, ''))
}

/** Whether CoreDNS reads the file again by itself when it changes. */
export function reloadsItself(corefile: string): boolean {
  return /^\s*reload\b/m.test(corefile)
}
