/** The programs of others that take part: which are here, in which version, and how to get those that are not. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { commandPath } from '../../test/support/command-path.ts'

/** A program and what else of it is needed. */
export interface Tool {
  readonly path: string
  readonly version: string
}

/** What was found; `nginx` has its stream module. */
export interface Tools {
  readonly haproxy?: Tool
  readonly nginx?: Tool & { readonly streamModule: string }
  readonly wrk?: Tool
}

/** How to get everything. */
export const INSTALL = 'apt-get install haproxy nginx libnginx-mod-stream wrk'

/** Looks for the programs on PATH and where Debian keeps servers. */
export function findTools(): Tools {
  const [haproxy, wrk] = [
    findTool('haproxy', ['-v'], /version (\S+)/i),
    findTool('wrk', ['-v'], /wrk (?:debian\/)?(\S+)/),
  ]
  const nginx = findNginx()
  return {
    ...(haproxy === undefined ? {} : { haproxy }),
    ...(nginx === undefined ? {} : { nginx }),
    ...(wrk === undefined ? {} : { wrk }),
  }
}

/** One line for each program that is missing. */
export function missingTools(tools: Tools): string[] {
  const needed = ['haproxy', 'nginx', 'wrk'] as const
  return needed
    .filter((name) => tools[name] === undefined)
    .map((name) => `${name === 'nginx' ? 'nginx with its stream module' : name} is missing: ${INSTALL}`)
}

/** Versions by program. */
export function versionsOf(tools: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(tools as Readonly<Record<string, Tool>>).map(([name, { version }]) => [name, version]),
  )
}

/** One program, its version from what it says to `versionArgs`. */
export function findTool(name: string, versionArgs: readonly string[], pattern: RegExp): Tool | undefined {
  const path = commandPath(name)
  if (path === undefined) return undefined
  return { path, version: pattern.exec(output(path, versionArgs))?.[1] ?? 'unknown' }
}

function findNginx(): Tools['nginx'] {
  const nginx = findTool('nginx', ['-v'], /nginx\/(\S+)/)
  if (nginx === undefined) return undefined
  const folder = /--modules-path=(\S+)/.exec(output(nginx.path, ['-V']))?.[1] ?? ''
  const streamModule = join(folder, 'ngx_stream_module.so')
  return existsSync(streamModule) ? { ...nginx, streamModule } : undefined
}

/** Standard output and error: programs differ in where they say their version, and in the exit code. */
function output(path: string, args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(path, args, { encoding: 'utf8' })
  return `${stdout}${stderr}`
}
