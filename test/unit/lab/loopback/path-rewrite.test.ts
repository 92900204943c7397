/** Paths of volumes in commands of loopback mode. */
import { expect, test } from '@jest/globals'
import { rewritePaths } from '../../../../src/lab/loopback/path-rewrite.ts'

const BINDS = [
  { source: '/state/tls', target: '/etc/fairlead/tls', readOnly: true },
  { source: '/state/all', target: '/etc/fairlead', readOnly: true },
  { source: '/state/data', target: '/data', readOnly: false },
]

test.each([
  ['--tls-dir=/etc/fairlead/tls', '--tls-dir=/state/tls'],
  ['/etc/fairlead/tls/ca.crt', '/state/tls/ca.crt'],
  ['/etc/fairlead/other', '/state/all/other'],
  ['cat /data/x; rm "/data"', 'cat /state/data/x; rm "/state/data"'],
  ['/database', '/database'],
  ['/var/data/x', '/var/data/x'],
  ['file:/data:/etc', 'file:/state/data:/etc'],
  ['nothing', 'nothing'],
])('%j becomes %j', (text, expected) => {
  expect(rewritePaths(text, BINDS)).toBe(expected)
})
