import { expect, test } from '@jest/globals'
import { parseLogLevel, parsePort } from '../../../src/core/flag-values.ts'

test.each(['0', '1', '5671', '65535'])('%s is a port', (text) => {
  expect(parsePort(text)).toBe(Number(text))
})

test.each(['', '-1', '65536', '1e3', ' 80', '80x', '0x50', '1.5'])('"%s" is none', (text) => {
  expect(() => parsePort(text)).toThrow(`"${text}" is no port: give a number from 0 to 65535`)
})

test('a level of the log is one that there is', () => {
  expect(parseLogLevel('warn')).toBe('warn')
  expect(() => parseLogLevel('loud')).toThrow(/^--log-level loud: give one of .*info/)
})
