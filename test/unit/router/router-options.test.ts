import { expect, test } from '@jest/globals'
import { UsageError } from '../../../src/core/errors.ts'
import { parseRouterOptions } from '../../../src/router/router-options.ts'

test('without flags the router is what the manifests need', () => {
  expect(parseRouterOptions([], {})).toEqual({
    tlsDir: undefined,
    listenHost: '0.0.0.0',
    linkPort: 5671,
    healthPort: 9090,
    reportPort: 9092,
    reportTokenFile: '/etc/fairlead/reports/token',
    ownNamespace: false,
    kubeconfig: undefined,
    handoverMs: 4_000,
    drainMs: 10_000,
    bufferMemory: undefined,
    logLevel: 'info',
    flowLog: 'debug',
    globalnet: false,
  })
})

test('global addresses are asked for by a flag, and not at a site without agents', () => {
  expect(parseRouterOptions(['--globalnet'], {}).globalnet).toBe(true)
  expect(() => parseRouterOptions(['--globalnet', '--resources', '/etc/fairlead'], {})).toThrow('--globalnet')
})

test('a router of one namespace is asked for by a flag or the environment, and has no agents', () => {
  expect(parseRouterOptions(['--own-namespace'], {}).ownNamespace).toBe(true)
  expect(parseRouterOptions([], { FAIRLEAD_OWN_NAMESPACE: 'true' }).ownNamespace).toBe(true)
  expect(() => parseRouterOptions(['--own-namespace', '--globalnet'], {})).toThrow(
    'leave --own-namespace out',
  )
})

test('the pod address is the listen address unless a flag says otherwise', () => {
  expect(parseRouterOptions([], { POD_IP: '10.244.0.9' }).listenHost).toBe('10.244.0.9')
  expect(parseRouterOptions(['--listen-host', '::'], { POD_IP: '10.244.0.9' }).listenHost).toBe('::')
})

test('a pod with addresses of both families listens at both', () => {
  const listenHost = (addresses: string) =>
    parseRouterOptions([], { POD_IP: '10.244.0.9', POD_IPS: addresses }).listenHost
  expect(listenHost('10.244.0.9,fd00::9')).toBe('::')
  expect(listenHost('10.244.0.9')).toBe('10.244.0.9')
  expect(listenHost('fd00::9')).toBe('fd00::9')
  expect(listenHost('')).toBe('10.244.0.9')
})

test('both ways of giving a value are understood', () => {
  const options = parseRouterOptions(['--link-port=0', '--drain-seconds', '3', '--flow-log=off'], {})
  expect(options).toMatchObject({ linkPort: 0, handoverMs: 4000, drainMs: 3000, flowLog: 'off' })
})

test.each([
  ['67108864', 64 * 1024 * 1024],
  ['64Mi', 64 * 1024 * 1024],
  ['1Gi', 1024 * 1024 * 1024],
])('%s of buffer memory is understood', (text, bytes) => {
  expect(parseRouterOptions(['--buffer-memory', text], {}).bufferMemory).toBe(bytes)
})

test.each([
  [['--buffer-memory', '0'], '--buffer-memory must be a number of bytes like 67108864 or 64Mi, not "0"'],
  [
    ['--buffer-memory', '64MB'],
    '--buffer-memory must be a number of bytes like 67108864 or 64Mi, not "64MB"',
  ],
  [['--link-port', '70000'], '--link-port must be a whole number from 0 to 65535, not "70000"'],
  [['--drain-seconds', 'soon'], '--drain-seconds must be a whole number from 0 to 3600, not "soon"'],
  [['--drain-seconds', ''], '--drain-seconds must be a whole number from 0 to 3600, not ""'],
  [['--log-level', 'loud'], '--log-level must be one of debug, info, warn, error, silent, not "loud"'],
  [['--flow-log', 'all'], '--flow-log must be one of off, debug, info, not "all"'],
])('%j is refused with a message that names the flag', (argv, message) => {
  expect(() => parseRouterOptions(argv, {})).toThrow(new UsageError(message))
})

test('an unknown flag is a usage error', () => {
  expect(() => parseRouterOptions(['--nonsense'], {})).toThrow(UsageError)
})
