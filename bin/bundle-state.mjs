// Tells whether dist/ holds what src/ says now. An image has no src/ and always runs its bundles.
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** @param {string} root the repository or the installed package */
export function bundleIsFresh(root) {
  const stamp = join(root, 'dist', '.built')
  if (!existsSync(stamp)) return false
  const source = join(root, 'src')
  if (!existsSync(source)) return true
  const built = statSync(stamp).mtimeMs
  const entries = readdirSync(source, { recursive: true, withFileTypes: true })
  return entries.every((entry) => statSync(join(entry.parentPath ?? entry.path, entry.name)).mtimeMs <= built)
}
