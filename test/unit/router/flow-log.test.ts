import { expect, test } from '@jest/globals'
import { silentLogger } from '../../../src/core/log.ts'
import { createFlowLog, flowLogWithin } from '../../../src/router/flow-log.ts'

test.each([
  ['off', 'debug', 'off'],
  ['debug', 'debug', 'debug'],
  ['debug', 'info', 'off'],
  ['info', 'debug', 'info'],
  ['info', 'info', 'info'],
  ['info', 'warn', 'off'],
  ['info', 'silent', 'off'],
] as const)('flow lines at %s in a log of %s are written at %s', (level, logLevel, written) => {
  expect(flowLogWithin(level, logLevel)).toBe(written)
})

test('where no line is written no record is asked for', () => {
  expect(createFlowLog(silentLogger, 'off')).toBeUndefined()
  expect(createFlowLog(silentLogger, 'info')).toBeDefined()
})
