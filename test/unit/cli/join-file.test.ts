/** The file that goes from one cluster to another: what is written is what is read, and nothing else is taken. */
import { expect, test } from '@jest/globals'
import { readJoinFile } from '../../../src/cli/join/read-join-file.ts'
import { type JoinFileContent, joinFile } from '../../../src/trust/join/join-file.ts'

const CODE = 'c'.repeat(43)
const content: JoinFileContent = {
  name: 'west-1a2b3c',
  uid: '4711',
  code: CODE,
  url: 'https://[2001:db8::1]:9443',
  caHash: 'a'.repeat(64),
  founder: 'east',
  clusterset: 'harbour',
  clusterId: 'west',
  expiresAt: '2026-06-01T12:00:00Z',
  namespace: 'fairlead-system',
}

test('what an invite prints is read back', () => {
  const { secret, request } = readJoinFile(joinFile(content))
  expect(request).toMatchObject({
    apiVersion: 'fairlead.dev/v1alpha1',
    kind: 'JoinRequest',
    metadata: { name: 'west-1a2b3c', namespace: 'fairlead-system' },
    spec: {
      url: content.url,
      caHash: content.caHash,
      founder: 'east',
      clusterset: 'harbour',
      clusterId: 'west',
    },
  })
  const key = request.spec.codeSecret?.key ?? ''
  expect(secret).toMatchObject({ metadata: { name: 'fairlead-join' }, stringData: { [key]: CODE } })
})

test('the JoinRequest of another invite of the same name is another one', () => {
  const keys = ['1', '2'].map(
    (uid) => readJoinFile(joinFile({ ...content, uid })).request.spec.codeSecret?.key,
  )
  expect(keys[0]).not.toBe(keys[1])
})

test('the code is in the Secret and nowhere else', () => {
  expect(JSON.stringify(readJoinFile(joinFile(content)).request)).not.toContain(CODE)
})

const good = joinFile(content)
test.each([
  ['nothing', '', 'lacks'],
  ['no YAML', '{', 'no YAML'],
  ['a text', 'hello', 'namespace'],
  ['one half', good.split('---')[1] ?? '', 'lacks'],
  ['a third object', `${good}---\n${good.split('---')[0]}`, 'more than'],
  ['an object of another kind', good.replace('kind: Secret', 'kind: ConfigMap'), 'lacks'],
  ['another namespace', good.replaceAll('fairlead-system', 'kube-system'), 'namespace'],
  [
    'another Secret',
    good.replace('name: fairlead-join\n  namespace', 'name: other\n  namespace'),
    'not that of',
  ],
  ['a long text', `${good}\n#${'x'.repeat(70_000)}`, 'too long'],
])('%s is no such file, and the complaint does not say what is in it', (_what, text, why) => {
  const reading = () => readJoinFile(text)
  expect(reading).toThrow(why)
  expect(reading).not.toThrow(CODE)
})
