/**
 * Routes and records of a site without Kubernetes, from a folder of the same resources as files: what a cluster's API
 * and controller are to a router.
 */
import { type FSWatcher, watch } from 'node:fs'
import type { ServiceKey } from '../../api/names.ts'
import { emptyRouteSnapshot, type RouteSnapshot } from '../../api/route-snapshot.ts'
import type { ServiceRecord } from '../../api/service-record.ts'
import type { Cancel, Clock } from '../../core/clock.ts'
import { describeError } from '../../core/errors.ts'
import type { Startable } from '../../core/lifecycle.ts'
import type { Logger } from '../../core/log.ts'
import type { Metrics } from '../../core/metrics.ts'
import { Snapshot, type SnapshotSource } from '../../core/snapshot.ts'
import { SITE_HINT_MS, SITE_LOOK_MS } from './limits.ts'
import { type FolderContents, type ParseDocuments, SiteFolder } from './site-folder.ts'
import { SiteObjectReader } from './site-objects.ts'
import { siteState } from './site-state.ts'

export interface SiteSourceDeps {
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
  readonly parse: ParseDocuments
}

export class SiteSource implements Startable {
  readonly #deps: SiteSourceDeps
  readonly #path: string
  readonly #folder: SiteFolder
  readonly #routes = new Snapshot<RouteSnapshot>(emptyRouteSnapshot)
  readonly #records = new Snapshot<ReadonlyMap<ServiceKey, ServiceRecord>>(new Map())
  #contents: FolderContents = { objects: [], errors: new Map(), files: 0 }
  #problems: readonly string[] = []
  #folderError: string | undefined
  #watcher: FSWatcher | undefined
  #cancel: Cancel = () => {}
  #looking: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(deps: SiteSourceDeps, path: string) {
    this.#deps = { ...deps, log: deps.log.child({ component: 'site' }) }
    this.#path = path
    this.#folder = new SiteFolder({ ...deps, reader: new SiteObjectReader() }, path)
    deps.metrics.observe('fairlead_site_files', 'Resource files that are used', () => this.#contents.files)
    deps.metrics.observe(
      'fairlead_site_file_problems',
      'Resource files, and objects in them, that cannot be used as they are',
      () => this.#contents.errors.size + this.#problems.length,
    )
  }

  get snapshots(): SnapshotSource<RouteSnapshot> {
    return this.#routes
  }

  get records(): SnapshotSource<ReadonlyMap<ServiceKey, ServiceRecord>> {
    return this.#records
  }

  /** Reads the folder once; throws SiteFileError when that cannot be read. Single files that cannot be are told in the log. */
  async start(): Promise<void> {
    await this.#look()
    this.#watch()
    this.#lookIn(SITE_LOOK_MS)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancel()
    this.#watcher?.close()
    await this.#looking
  }

  /** Only hints: looks at intervals find what it does not tell, and all where there are no watches to be had. */
  #watch(): void {
    const unseen = (error: unknown): void =>
      this.#deps.log.warn({ error: describeError(error) }, 'changes of the folder are only seen now and then')
    try {
      this.#watcher = watch(this.#path, () => this.#lookIn(SITE_HINT_MS))
      this.#watcher.on('error', unseen)
    } catch (error) {
      unseen(error)
    }
  }

  #lookIn(ms: number): void {
    this.#cancel()
    if (this.#stopped) return
    this.#cancel = this.#deps.clock.after(ms, () => {
      this.#looking = this.#looking.then(() => this.#lookAgain())
    })
  }

  /** What was read goes on when the folder cannot be. */
  async #lookAgain(): Promise<void> {
    let error: string | undefined
    try {
      await this.#look()
    } catch (failure) {
      error = describeError(failure)
    }
    if (error !== undefined && error !== this.#folderError)
      this.#deps.log.error({ error }, 'the last state goes on')
    this.#folderError = error
    this.#lookIn(SITE_LOOK_MS)
  }

  async #look(): Promise<void> {
    const contents = await this.#folder.look()
    if (contents === undefined) return
    for (const [file, error] of contents.errors) {
      if (this.#contents.errors.get(file) !== error)
        this.#deps.log.error({ file, error }, 'a file cannot be used: what it last said goes on')
    }
    const { routes, records, problems } = siteState(contents.objects)
    for (const problem of problems)
      if (!this.#problems.includes(problem)) this.#deps.log.error({ problem }, 'an object is left out')
    this.#contents = contents
    this.#problems = problems
    const { listeners, exports, links } = routes
    const figures = {
      files: contents.files,
      imports: listeners.length,
      exports: exports.size,
      links: links.length,
    }
    this.#deps.log.info(figures, 'resources are read')
    this.#routes.set(routes)
    this.#records.set(records)
  }
}
