/**
 * Structured logs: one JSON line an event on standard error or output. The only importer of pino.
 */
import { pino } from 'pino'

export type LogFields = Readonly<Record<string, unknown>>

/** What components are given. `child` adds fields such as `component`, `cluster`, `link`, `flow`. */
export interface Logger {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
  child(fields: LogFields): Logger
}

export const LogLevel = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof LogLevel)[number]

/** Fields whose values never reach a log line. Error codes and object keys are not secrets, so `code` and `key` are not among them. */
const SECRET_FIELDS = ['token', 'password', 'authorization', 'privateKey', 'keyPem', 'inviteCode']
const SECRET_PATHS = SECRET_FIELDS.flatMap((name) => [name, `*.${name}`])

/** A logger that writes JSON lines to file descriptor `fd` (default 1) without a worker, so that none is lost at exit. */
export function createLogger(level: LogLevel, fields: LogFields = {}, fd = 1): Logger {
  return pino(
    {
      level,
      base: fields,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_PATHS, censor: '[redacted]' },
    },
    pino.destination({ dest: fd, sync: true }),
  )
}

/** A logger that says nothing, for tests and short commands. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
}
