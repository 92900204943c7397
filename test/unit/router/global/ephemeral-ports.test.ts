import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { requireEphemeralPortsBelow } from '../../../../src/router/global/ephemeral-ports.ts'

let dir: string

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fairlead-ports-'))
})

afterAll(() => rm(dir, { recursive: true }))

const check = async (text: string) => {
  const file = join(dir, 'range')
  await writeFile(file, text)
  return requireEphemeralPortsBelow(file)
}

test('a range that keeps clear of the source ports is fine', async () => {
  await expect(check('10000\t19999\n')).resolves.toBeUndefined()
  await expect(check('1024\t32767\n')).resolves.toBeUndefined()
})

test("the kernel's own range is refused, by the name of the sysctl", async () => {
  await expect(check('32768\t60999\n')).rejects.toThrow('net.ipv4.ip_local_port_range')
  await expect(check('1024\t32768\n')).rejects.toThrow('it ends at 32768')
})

test('where the kernel does not tell, nothing is refused', async () => {
  await expect(requireEphemeralPortsBelow(join(dir, 'none'))).resolves.toBeUndefined()
})
