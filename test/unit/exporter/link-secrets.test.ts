/** Credentials from Secrets: fresh for each attempt, remembered while the API is away, never in an error. */
import { expect, test } from '@jest/globals'
import type { KubeObject } from '../../../src/api/objects.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { describeError } from '../../../src/core/errors.ts'
import { LinkSecrets } from '../../../src/exporter/link-secrets.ts'
import { ApiError, UnreachableError } from '../../../src/kube/errors.ts'
import type { KubeClient } from '../../../src/kube/types.ts'

const KEY = { name: 'proxy', key: 'east' }
const { signal } = new AbortController()

/** A reader whose API gives what `answer` gives. */
function secrets(answer: () => Record<string, string> | Error | undefined): LinkSecrets {
  const get = async () => {
    const value = answer()
    if (value instanceof Error) throw value
    if (value === undefined) return undefined
    const data = Object.entries(value).map(([key, text]) => [key, Buffer.from(text).toString('base64')])
    return { metadata: {}, data: Object.fromEntries(data) } as KubeObject
  }
  return new LinkSecrets({ client: { get } as unknown as KubeClient, clock: systemClock }, 'fairlead-system')
}

const failure = async (reading: Promise<string>) =>
  describeError(await reading.catch((error: unknown) => error))

test('a changed Secret holds at the next attempt, and the line end of a file is no part of it', async () => {
  let value = 'mesh:one\n'
  const reader = secrets(() => ({ east: value }))
  expect(await reader.read(KEY, signal)).toBe('mesh:one')
  value = 'mesh:two:with colon'
  expect(await reader.read(KEY, signal)).toBe('mesh:two:with colon')
})

test('what was last read serves while the API is away, and no longer when it says no', async () => {
  let answer: Record<string, string> | Error = { east: 'mesh:one' }
  const reader = secrets(() => answer)
  await reader.read(KEY, signal)
  answer = new UnreachableError('https://api', new Error('ECONNREFUSED'))
  expect(await reader.read(KEY, signal)).toBe('mesh:one')
  answer = new ApiError(403, { message: 'no' } as never, 'get secrets')
  expect(await failure(reader.read(KEY, signal))).toBe(
    'Secret proxy cannot be read: the router may not read it; see docs/links.md',
  )
})

test.each([
  [undefined, 'Secret proxy does not exist'],
  [{ west: 'a:b' }, 'Secret proxy has no key east'],
  [{ east: 's3cret' }, 'Secret proxy, key east: the value is not user:password'],
  [{ east: 'user:pass\r\nX-Evil: s3cret' }, 'Secret proxy, key east: the value is not user:password'],
  [{ east: `user:${'s3cret'.repeat(1000)}` }, 'Secret proxy, key east: the value is not user:password'],
])('%j is told in words, without the value', async (data, message) => {
  expect(await failure(secrets(() => data).read(KEY, signal))).toBe(message)
})
