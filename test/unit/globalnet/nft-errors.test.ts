/** What people read when nft cannot do its work, and what is forgotten of connection tracking. */
import { beforeEach, expect, test } from '@jest/globals'
import { describeError } from '../../../src/core/errors.ts'
import type { Logger } from '../../../src/core/log.ts'
import { silentLogger } from '../../../src/core/log.ts'
import type { RunCommand } from '../../../src/globalnet/command.ts'
import { runCommand } from '../../../src/globalnet/command.ts'
import { FlowTracker } from '../../../src/globalnet/flow-tracker.ts'
import { CommandError, natErrorOf } from '../../../src/globalnet/nat-errors.ts'
import { STALE_FLOWS_MAX } from '../../../src/globalnet/nat-limits.ts'

const failed = (stderr: string) => new CommandError('nft -f -', 1, stderr)

test.each([
  ['Operation not permitted (you must be root)', 'no-net-admin', 'NET_ADMIN'],
  ['Unable to initialize Netlink socket: Protocol not supported', 'no-nf-tables', 'modprobe nf_tables'],
  ['netlink: Error: cache initialization failed: Invalid argument', 'no-nf-tables', 'CONFIG_NF_TABLES'],
  ['Error: JSON support not compiled-in', 'nft-missing', 'JSON'],
  ['Error: Could not process rule: Operation not supported', 'nft-refused', 'modprobe -a'],
  ['Error: Could not process rule: Device or resource busy', 'nft-refused', 'busy'],
])('%s', (stderr, code, hint) => {
  const error = natErrorOf(failed(stderr), [])
  expect(error.code).toBe(code)
  expect(describeError(error)).toContain(hint)
})

test('a host with nothing but iptables-legacy is told so', () => {
  const message = describeError(natErrorOf(failed('Protocol not supported'), ['nat', 'filter']))
  expect(message).toContain('only the tables of iptables-legacy (nat, filter)')
  expect(message).toContain('modprobe nf_tables')
})

test('a program that is not there', async () => {
  const error = await runCommand(['fairlead-no-such-program']).catch((cause: unknown) =>
    natErrorOf(cause, []),
  )
  expect(error).toMatchObject({ code: 'nft-missing' })
})

test('a program that prints without end is stopped', async () => {
  await expect(runCommand(['yes', 'x'.repeat(10_000)])).rejects.toThrow('printed too much')
})

test('what a program says when it fails is in the error', async () => {
  await expect(runCommand(['sh', '-c', 'cat >&2; exit 3'], 'because')).rejects.toMatchObject({
    exitCode: 3,
    stderr: 'because',
  })
})

let calls: string[]
let said: string[]
const log: Logger = {
  ...silentLogger,
  info: (_, message) => void said.push(message),
  warn: (_, message) => void said.push(message),
}

beforeEach(() => {
  calls = []
  said = []
})

const answering =
  (answer: (args: string) => string | Error): RunCommand =>
  async ([, ...args]) => {
    calls.push(args.join(' '))
    const result = answer(args.join(' '))
    if (result instanceof Error) throw result
    return result
  }

const target = {
  kind: 'target',
  address: '242.1.0.1',
  port: 53,
  target: { address: '10.0.0.5', port: 5353 },
} as const

test('flows to a target, to a router, and what was never translated', async () => {
  const listed = `udp      17 29 src=10.0.1.2 dst=242.1.0.1 sport=40000 dport=53 [UNREPLIED] src=242.1.0.1 dst=10.0.1.2 sport=53 dport=40000 mark=0 use=1
tcp      6 431999 ESTABLISHED src=10.0.1.2 dst=242.1.0.1 sport=40001 dport=80 src=10.0.0.5 dst=10.0.1.2 sport=20001 dport=40001 [ASSURED]`
  const tracker = new FlowTracker({ log, run: answering((args) => (args.startsWith('-L') ? listed : '')) })
  await tracker.forget([
    target,
    { kind: 'router', range: '242.0.0.0/8', router: '10.0.0.5' },
    { kind: 'untranslated', range: '242.0.0.0/8' },
  ])
  expect(calls).toEqual([
    '-D -p udp -d 242.1.0.1 --orig-port-dst 53 --reply-src 10.0.0.5 --reply-port-src 5353',
    '-D -d 242.0.0.0/8 --reply-src 10.0.0.5',
    '-L -d 242.0.0.0/8',
    '-D -p udp -s 10.0.1.2 -d 242.1.0.1 --orig-port-src 40000 --orig-port-dst 53',
  ])
})

test('flows of a slot that have another name than its own', async () => {
  const flow = (sport: number, answered: string) =>
    `udp 17 29 src=10.0.0.5 dst=10.0.1.7 sport=${sport} dport=53 src=10.0.1.7 dst=${answered} sport=53 dport=${sport} [ASSURED]`
  const listed = [
    flow(32_770, '242.1.0.8'),
    flow(32_771, '242.1.0.9'),
    flow(32_772, '10.0.0.5'),
    flow(40_000, '242.1.0.8'),
  ]
  const tracker = new FlowTracker({
    log,
    run: answering((args) => (args.startsWith('-L') ? listed.join('\n') : '')),
  })
  const slot = { router: '10.0.0.5', first: 32_768, last: 32_831, address: '242.1.0.9' }
  await tracker.forget([{ kind: 'sources', router: '10.0.0.5', slots: [slot] }])
  expect(calls).toEqual([
    '-L -s 10.0.0.5',
    '-D -p udp -s 10.0.0.5 -d 10.0.1.7 --orig-port-src 32770 --orig-port-dst 53',
  ])
})

test('without conntrack that is said once, and nothing is tried again', async () => {
  const cause = Object.assign(new Error('spawn conntrack ENOENT'), { code: 'ENOENT' })
  const run = answering(() => new CommandError('conntrack', undefined, '', { cause }))
  const tracker = new FlowTracker({ log, run })
  await tracker.forget([target, target])
  await tracker.forget([target])
  expect(calls).toHaveLength(1)
  expect(said).toEqual([
    'conntrack is not installed: UDP clients of what is removed wait for their flow to time out',
  ])
})

test('that there was no such flow is no failure', async () => {
  const tracker = new FlowTracker({
    log,
    run: answering(() => new CommandError('conntrack', 1, '0 flow entries')),
  })
  await tracker.forget([target])
  expect(said).toEqual([])
})

test('there is a bound to the calls of one change', async () => {
  const tracker = new FlowTracker({ log, run: answering(() => '') })
  await tracker.forget(Array.from({ length: STALE_FLOWS_MAX + 5 }, () => target))
  expect(calls).toHaveLength(STALE_FLOWS_MAX)
  expect(said).toEqual(['too many changes at once: some flows wait for their time-out'])
})
