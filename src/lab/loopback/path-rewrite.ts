/** Where volumes really are: loopback mode cannot mount them, so that paths in commands and variables are rewritten. Pure. */
import type { Bind } from '../kubelet/container-script.ts'

/** `text` with every mount path that stands as a path of its own replaced by the folder that holds the files. */
export function rewritePaths(text: string, binds: readonly Bind[]): string {
  const longestFirst = [...binds].sort((a, b) => b.target.length - a.target.length)
  for (const { source, target } of longestFirst) {
    const path = new RegExp(`(^|[^\\w./-])${escapeForRegExp(target)}(?=$|[/\\s:,;'"])`, 'g')
    const rewritten = text.replace(path, (_, before: string) => before + source)
    // Once is enough: what was put in may look like another mount path.
    if (rewritten !== text) return rewritten
  }
  return text
}

function escapeForRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
