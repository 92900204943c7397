/** Ending a lab from another process than the one that started it. */
import { systemClock } from '../../core/clock.ts'
import { TimeoutError } from '../../core/errors.ts'
import { ask } from '../control/client.ts'
import { LabError } from '../errors.ts'
import type { LabFiles } from '../layout.ts'
import { DOWN_TIMEOUT } from '../limits.ts'
import { removeLabState } from './lab-state.ts'
import { isLocked, lockName } from './state-lock.ts'

/** Milliseconds between two looks at whether the lab is gone. */
const POLL = 25

/** Ends the lab of a state folder and waits until it is gone; false when there was none. Leftovers of a killed one are removed. */
export async function endLab(files: LabFiles): Promise<boolean> {
  const lock = lockName(files.state)
  const running = await isLocked(lock)
  if (running) {
    await requestEnd(files, lock)
    await gone(files, lock)
  }
  if (!running) await removeLabState(files)
  return running
}

/** While a lab starts there is nobody to ask yet, so that this is repeated. */
async function requestEnd(files: LabFiles, lock: string): Promise<void> {
  const deadline = systemClock.monotonic() + DOWN_TIMEOUT
  for (;;) {
    try {
      return await ask(files.controlSocket, { command: 'down' })
    } catch (error) {
      if (!(error instanceof LabError) || systemClock.monotonic() > deadline) throw error
      if (!(await isLocked(lock))) return
      await systemClock.sleep(POLL)
    }
  }
}

async function gone(files: LabFiles, lock: string): Promise<void> {
  const deadline = systemClock.monotonic() + DOWN_TIMEOUT
  while (await isLocked(lock)) {
    if (systemClock.monotonic() > deadline) throw new TimeoutError(`the lab in ${files.state} did not end`)
    await systemClock.sleep(POLL)
  }
}
