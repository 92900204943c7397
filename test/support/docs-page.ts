/** Pages of the documentation, for tests that hold them to what they say. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './source-tree.ts'

/** The text of a page, named from the repository's root. */
export function docsPage(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

/** The fenced blocks of one language in a page, in order. */
export function fencedBlocks(page: string, language: string): string[] {
  return [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    .filter(([, found]) => found === language)
    .map(([, , text = '']) => text)
}
