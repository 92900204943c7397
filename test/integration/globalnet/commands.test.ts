/** `fairlead globalnet` and `fairlead check` against an embedded API server and a controller that gives addresses. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { GlobalNetwork } from '../../../src/api/globalnet.ts'
import { Resource } from '../../../src/api/resources.ts'
import type { CliContext } from '../../../src/cli/context.ts'
import { runCli } from '../../../src/cli/program.ts'
import { eventually } from '../../support/eventually.ts'
import { ExporterCluster } from '../../support/exporter-cluster.ts'
import { MemoryDirectory } from '../../support/memory-directory.ts'

let folder: string
let east: ExporterCluster

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-globalnet-'))
  east = await ExporterCluster.start('east', new MemoryDirectory().connect())
  await writeFile(join(folder, 'kubeconfig'), east.api.kubeconfig)
})

afterEach(async () => {
  await east[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

async function turnOn(spec: GlobalNetwork['spec'] = {}): Promise<void> {
  await east.stopController()
  east.globalnet = true
  await east.client.create<GlobalNetwork>(Resource.globalNetwork, { metadata: { name: 'cluster' }, spec })
  await east.startController()
}

async function fairlead(...argv: string[]) {
  const out = { stdout: '', stderr: '', exitCode: 0 }
  const into = (name: 'stdout' | 'stderr') =>
    new Writable({
      write(chunk, _encoding, done) {
        out[name] += String(chunk)
        done()
      },
    })
  const context = {
    stdout: into('stdout'),
    stderr: into('stderr'),
    setExitCode: (code: number) => {
      out.exitCode = code
    },
  } as unknown as CliContext
  await runCli(context, [...argv, '--kubeconfig', join(folder, 'kubeconfig')])
  return out
}

test('addresses are allocated, shown and released', async () => {
  await turnOn()
  await eventually(async () => expect((await fairlead('globalnet', 'status')).exitCode).toBe(0))
  const allocated = await fairlead('globalnet', 'allocate', 'team', '-n', 'demo', '--count', '2')
  expect(allocated).toMatchObject({ stderr: '', exitCode: 0 })
  const addresses = allocated.stdout.trim().split('\n')
  expect(addresses).toHaveLength(2)
  const status = JSON.parse((await fairlead('globalnet', 'status', '-o', 'json')).stdout)
  expect(status.egress).toMatchObject([{ namespace: 'demo', name: 'team', addresses, allocated: 'True' }])
  const released = await fairlead('globalnet', 'release', 'team', '-n', 'demo')
  expect(released).toMatchObject({ stderr: `released ${addresses.join(', ')}\n`, exitCode: 0 })
  expect(await fairlead('globalnet', 'release', 'team', '-n', 'demo')).toMatchObject({
    stderr: expect.stringContaining('there is no GlobalEgressIP demo/team'),
    exitCode: 2,
  })
})

test('what cannot be allocated says why, and the check fails with it', async () => {
  await turnOn({ blockSize: 4, egressAddresses: 1 })
  await eventually(async () => expect((await fairlead('globalnet', 'status')).exitCode).toBe(0))
  const refused = await fairlead('globalnet', 'allocate', 'team', '-n', 'demo', '--count', '2')
  expect(refused).toMatchObject({ stdout: '', exitCode: 1 })
  expect(refused.stderr).toMatch(
    /no addresses \(Exhausted\): none of the 2 addresses of 242\.\d+\.\d+\.\d+\/30 is free/,
  )
  const check = await fairlead('check')
  expect(check.exitCode).toBe(1)
  expect(check.stdout).toMatch(/global addresses +FAILED +demo\/team: none of the 2 addresses/)
})

test('a cluster without globalnet says that it is off', async () => {
  expect(await fairlead('globalnet', 'status')).toMatchObject({
    stdout: 'GLOBALNET\noff: there is no GlobalNetwork\n',
    exitCode: 1,
  })
  expect((await fairlead('check', '-o', 'json')).stdout).not.toContain('global')
})
