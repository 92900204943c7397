/** A folder of resource files, looked at again and again: what each file was last read as. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describeError } from '../../core/errors.ts'
import { SITE_MAX_FILE_BYTES, SITE_MAX_FILES } from './limits.ts'
import { SiteFileError, type SiteObject, type SiteObjectReader } from './site-objects.ts'

/** Text of a file to its documents; throws on text that is none. */
export type ParseDocuments = (text: string) => readonly unknown[]

export interface SiteFolderDeps {
  readonly reader: SiteObjectReader
  readonly parse: ParseDocuments
}

/** One file: its objects as they were when it was last good, and what is wrong with it now. */
interface SiteFile {
  /** Changes when the file does. */
  readonly stamp: string
  readonly objects: readonly SiteObject[]
  readonly error?: string
}

export interface FolderContents {
  /** By file name. */
  readonly objects: readonly SiteObject[]
  /** By file: why its last good state is used instead, or nothing of it. */
  readonly errors: ReadonlyMap<string, string>
  readonly files: number
}

const FILE = /^[^.].*\.(ya?ml|json)$/

export class SiteFolder {
  readonly #deps: SiteFolderDeps
  readonly #folder: string
  /** Undefined before the first look. */
  #files: ReadonlyMap<string, SiteFile> | undefined

  constructor(deps: SiteFolderDeps, folder: string) {
    this.#deps = deps
    this.#folder = folder
  }

  /** Reads what has changed; undefined when nothing has. Throws SiteFileError when the folder cannot be read. */
  async look(): Promise<FolderContents | undefined> {
    const names = await this.#names()
    const files = new Map<string, SiteFile>()
    for (const name of names) {
      const file = await this.#read(name, this.#files?.get(name))
      if (file !== undefined) files.set(name, file)
    }
    const before = this.#files
    this.#files = files
    const same = before?.size === files.size && [...files].every(([name, file]) => before.get(name) === file)
    return same ? undefined : contentsOf(files)
  }

  async #names(): Promise<readonly string[]> {
    let entries: readonly string[]
    try {
      entries = await readdir(this.#folder)
    } catch (error) {
      throw new SiteFileError(`the folder ${this.#folder} cannot be read`, { cause: error })
    }
    const names = entries.filter((name) => FILE.test(name)).sort()
    if (names.length > SITE_MAX_FILES)
      throw new SiteFileError(`${this.#folder} has ${names.length} files; at most ${SITE_MAX_FILES} are read`)
    return names
  }

  /** The same value as before when the file is. A file that goes away meanwhile is none. */
  async #read(name: string, before: SiteFile | undefined): Promise<SiteFile | undefined> {
    const path = join(this.#folder, name)
    const objects = before?.objects ?? []
    let stamp = ''
    try {
      const found = await stat(path)
      if (!found.isFile()) return undefined
      // The time of change, too: who may read it can change without it.
      stamp = `${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}`
      if (stamp === before?.stamp) return before
      if (found.size > SITE_MAX_FILE_BYTES)
        throw new SiteFileError(`${found.size} bytes are more than ${SITE_MAX_FILE_BYTES}`)
      const documents = this.#deps.parse(await readFile(path, 'utf8'))
      return { stamp, objects: this.#deps.reader.read(documents, found.mtime.toISOString()) }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      const message = describeError(error)
      return stamp === before?.stamp && message === before.error ? before : { stamp, objects, error: message }
    }
  }
}

function contentsOf(files: ReadonlyMap<string, SiteFile>): FolderContents {
  const errors = new Map<string, string>()
  for (const [name, { error }] of files) if (error !== undefined) errors.set(name, error)
  return { objects: [...files.values()].flatMap(({ objects }) => objects), errors, files: files.size }
}
