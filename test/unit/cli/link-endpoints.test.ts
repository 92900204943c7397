import { expect, test } from '@jest/globals'
import { parseEndpoint } from '../../../src/cli/link-command.ts'

test.each([
  ['east.example.org:5671', { host: 'east.example.org', port: 5671 }],
  ['192.0.2.1:30000', { host: '192.0.2.1', port: 30_000 }],
  ['[2001:db8::1]:5671', { host: '2001:db8::1', port: 5671 }],
  ['wss://east.example.org', { host: 'east.example.org', port: 443, transport: 'wss' }],
  ['wss://[2001:db8::1]:8443', { host: '2001:db8::1', port: 8443, transport: 'wss' }],
])('%s is an endpoint', (text, endpoint) => {
  expect(parseEndpoint(text)).toEqual(endpoint)
})

test.each([
  ['east'],
  ['east:'],
  ['east:0'],
  ['east:70000'],
  [':5671'],
  ['http://east:5671'],
  ['wss://east/amqp'],
  ['wss://'],
  ['[2001:db8::1]'],
  ['2001:db8::1:5671'],
  [''],
])('%j is not an endpoint', (text) => {
  expect(() => parseEndpoint(text)).toThrow('is not HOST:PORT')
})
