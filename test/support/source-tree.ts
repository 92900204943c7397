/** Reads the project's own sources for the tests that lint the repository. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..')

export interface SourceFile {
  /** Path from the repository's root. */
  readonly path: string
  readonly text: string
  /** Module specifiers as written, static and dynamic. */
  readonly imports: readonly string[]
}

const IMPORT =
  /(?:^|[^\w.])(?:import|export)\s+(?:type\s+)?(?:[\w*{}\s,$]+\s+from\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g

/** Every .ts and .tsx file below `folder`. */
export function sourceFiles(folder: string): SourceFile[] {
  const files = readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
  return files
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => {
      const path = relative(ROOT, join(entry.parentPath, entry.name))
      const text = readFileSync(join(ROOT, path), 'utf8')
      return {
        path,
        text,
        imports: [...withoutComments(text).matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? ''),
      }
    })
}

/** The file a relative specifier of `from` names, as a path from the root. */
export function resolveImport(from: string, specifier: string): string {
  return relative(ROOT, resolve(ROOT, dirname(from), specifier))
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
}
