/**
 * Values of flags that several processes have. Each throws UsageError that says what may be given.
 */
import { UsageError } from './errors.ts'
import { LogLevel } from './log.ts'

/** A port; 0 stands for any free one. */
export function parsePort(value: string): number {
  const port = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN
  if (port >= 0 && port <= 65_535) return port
  throw new UsageError(`"${value}" is no port: give a number from 0 to 65535`)
}

/** The value of `--log-level`. */
export function parseLogLevel(value: string): LogLevel {
  const level = LogLevel.find((candidate) => candidate === value)
  if (level !== undefined) return level
  throw new UsageError(`--log-level ${value}: give one of ${LogLevel.join(', ')}`)
}
