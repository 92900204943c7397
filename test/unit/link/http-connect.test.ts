/** The text of HTTP CONNECT: what is asked, and what of a proxy's answer is taken. */
import { expect, test } from '@jest/globals'
import { ConnectResponseReader, connectRequest } from '../../../src/link/http-connect.ts'
import { MAX_PROXY_RESPONSE } from '../../../src/link/limits.ts'

const read = (...chunks: string[]) => {
  const reader = new ConnectResponseReader()
  return chunks.map((chunk) => reader.push(Buffer.from(chunk, 'latin1'))).at(-1)
}

test('a request names the endpoint twice, and credentials in Base64 only when there are some', () => {
  expect(connectRequest('[2001:db8::1]:443')).toBe(
    'CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n',
  )
  expect(connectRequest('east:443', 'user:p:ss')).toContain('\r\nProxy-Authorization: Basic dXNlcjpwOnNz\r\n')
})

test('a host that would break the lines is not sent', () => {
  expect(() => connectRequest('east:443\r\nX: y')).toThrow('no host name')
})

test('an answer in pieces is taken whole, and what follows belongs to the tunnel', () => {
  const answer = read('HT', 'TP/1.1 200 Connection est', 'ablished\r\nVia: x\r', '\n\r\n\u0016\u0003')
  expect(answer).toMatchObject({ status: 200, reason: 'Connection established' })
  expect(answer?.rest).toEqual(Buffer.from([0x16, 0x03]))
})

test('an answer without a reason is one', () => {
  expect(read('HTTP/1.0 407\r\n\r\n')).toMatchObject({ status: 407, reason: '' })
})

test('interim answers are passed over, and count towards the bound', () => {
  expect(read('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\n\r\n')).toBeUndefined()
  expect(read('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n')).toMatchObject({ status: 200 })
  const hint = 'HTTP/1.1 103 Hints\r\n\r\n'
  expect(() => read(hint.repeat(MAX_PROXY_RESPONSE / hint.length + 1))).toThrow('longer than')
})

test('what no HTTP/1 proxy says is refused with its first bytes', () => {
  expect(() => read('SSH-2.0-OpenSSH')).toThrow('does not speak HTTP')
  expect(() => read('HTTP/2')).toThrow('does not speak HTTP')
  expect(() => read('HTTP/1.1 fine\r\n\r\n')).toThrow('does not speak HTTP/1')
})

test('an answer without end is given up at its bound', () => {
  const reader = new ConnectResponseReader()
  reader.push(Buffer.from('HTTP/1.1 200 OK\r\nX: '))
  expect(() => reader.push(Buffer.alloc(MAX_PROXY_RESPONSE, 'x'))).toThrow('longer than')
})

test('a reason is made harmless', () => {
  const answer = read(`HTTP/1.1 403 no\u001b[31m${'x'.repeat(500)}\r\n\r\n`)
  expect(answer?.reason).toMatch(/^no\?\[31mx+$/)
  expect(answer?.reason.length).toBe(80)
})
