import { expect, test } from '@jest/globals'
import { ensureHeapFlags, HEAP_FLAGS, type RunningProcess } from '../../../src/router/heap-flags.ts'

function running(execArgv: readonly string[], calls: unknown[]): RunningProcess {
  const execve = (...call: readonly unknown[]): never => {
    calls.push(call)
    return undefined as never
  }
  const argv = ['/usr/bin/node', '/app/fairlead.mjs', 'router', '--link-port=0']
  return { execPath: '/usr/bin/node', execArgv, argv, env: { POD_IP: '10.0.0.1' }, execve }
}

test('a process without the flags starts over with them and its own arguments', () => {
  const calls: unknown[] = []
  ensureHeapFlags(running(['--enable-source-maps'], calls))
  expect(calls).toEqual([
    [
      '/usr/bin/node',
      [
        '/usr/bin/node',
        '--enable-source-maps',
        ...HEAP_FLAGS,
        '/app/fairlead.mjs',
        'router',
        '--link-port=0',
      ],
      { POD_IP: '10.0.0.1' },
    ],
  ])
})

test('a process with the flags goes on', () => {
  const calls: unknown[] = []
  ensureHeapFlags(running(HEAP_FLAGS, calls))
  expect(calls).toEqual([])
})

test('where Node cannot replace itself the process goes on without', () => {
  const { execve: _unused, ...old } = running([], [])
  expect(() => ensureHeapFlags(old)).not.toThrow()
})
