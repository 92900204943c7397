/**
 * A column of a table: how it is described and how its cell is read from an object.
 */
import type { ApiObject } from '../api-object.ts'
import { humanDuration } from './human-duration.ts'

export interface Column {
  readonly name: string
  readonly type: string
  readonly format: string
  readonly description: string
  /** 0 is always shown, more only with -o wide. */
  readonly priority: number
  readonly cell: (object: ApiObject, now: number) => unknown
}

type Cell = Column['cell']

/** A column shown always. */
export function column(name: string, cell: Cell, type = 'string'): Column {
  return { name, type, format: '', description: '', priority: 0, cell }
}

/** A column shown with -o wide. */
export function wide(name: string, cell: Cell, type = 'string'): Column {
  return { ...column(name, cell, type), priority: 1 }
}

export const NAME: Column = { ...column('Name', (object) => object.metadata.name ?? ''), format: 'name' }

export const AGE: Column = column('Age', (object, now) => age(object.metadata.creationTimestamp, now))

/** Time since an RFC 3339 time, as kubectl shows it. */
export function age(time: string | undefined, now: number): string {
  const then = Date.parse(time ?? '')
  return Number.isNaN(then) ? '<unknown>' : humanDuration(now - then)
}

/** `a=b,c=d`, or `<none>`. */
export function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
  return pairs.length === 0 ? '<none>' : pairs.sort().join(',')
}

/** The first three of a list, and how many more there are. */
export function abbreviated(items: readonly string[], max = 3): string {
  if (items.length === 0) return '<none>'
  if (items.length <= max) return items.join(',')
  return `${items.slice(0, max).join(',')} + ${items.length - max} more...`
}
