/** Asking people before what cannot be undone. */
import { createInterface } from 'node:readline/promises'
import { UsageError } from '../core/errors.ts'
import type { CliContext } from './context.ts'

/** Whether it may be done: `isSure` is the flag --yes. Throws UsageError where nobody can be asked. */
export async function confirmed(context: CliContext, question: string, isSure: boolean): Promise<boolean> {
  if (isSure) return true
  if (!context.stdin.isTTY) throw new UsageError(`${question} Give --yes to say so`)
  const lines = createInterface({ input: context.stdin, output: context.stderr })
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim())
  } finally {
    lines.close()
  }
}
