/** What a container is told: variables, command line, the downward API, files of volumes. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { fieldValue } from '../../../../src/lab/kubelet/downward.ts'
import {
  containerCommand,
  containerEnvironment,
  expandReferences,
} from '../../../../src/lab/kubelet/environment.ts'
import type { Container, EnvVar, LabPod, Volume } from '../../../../src/lab/kubelet/pod.ts'
import { type VolumeSource, volumeFiles } from '../../../../src/lab/kubelet/volume-files.ts'

const POD: LabPod = {
  metadata: { name: 'web-0', namespace: 'demo', uid: 'u1', labels: { app: 'web', 'a.b/c': 'd' } },
  spec: { nodeName: 'n1', serviceAccountName: 'sa', containers: [] },
}
const ADDRESSES = { pod: ['10.244.0.5', 'fd00:244::5'], host: ['172.31.0.10'] }
const SOURCE: VolumeSource = {
  configMap: async (name) =>
    name === 'cfg' ? { color: Buffer.from('red'), size: Buffer.from('9') } : undefined,
  secret: async (name) => (name === 'sec' ? { word: Buffer.from('hidden') } : undefined),
  token: async ({ audience, seconds }) => `token ${audience} ${seconds}`,
}

const environmentOf = (container: Partial<Container>) =>
  containerEnvironment(POD, { name: 'main', ...container }, ADDRESSES, { BASE: 'b' }, SOURCE)
const valueOfVariable = async (variable: Omit<EnvVar, 'name'>) =>
  (await environmentOf({ env: [{ name: 'X', ...variable }] })).get('X')

describe('variables', () => {
  test('see those before them, and the ones every container has', async () => {
    const environment = await environmentOf({
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '$(A)-$(BASE)-$(C)' },
        { name: 'C', value: 'late' },
      ],
    })
    expect(environment.get('B')).toBe('1-b-$(C)')
  })

  test.each([
    ['metadata.name', 'web-0'],
    ['metadata.namespace', 'demo'],
    ['metadata.uid', 'u1'],
    ["metadata.labels['a.b/c']", 'd'],
    ["metadata.labels['none']", ''],
    ['spec.nodeName', 'n1'],
    ['spec.serviceAccountName', 'sa'],
    ['status.podIP', '10.244.0.5'],
    ['status.hostIP', '172.31.0.10'],
  ])('get %s from the pod', async (fieldPath, value) => {
    expect(await valueOfVariable({ valueFrom: { fieldRef: { fieldPath } } })).toBe(value)
  })

  test('get keys of ConfigMaps and Secrets, and only optional ones may be missing', async () => {
    expect(await valueOfVariable({ valueFrom: { configMapKeyRef: { name: 'cfg', key: 'color' } } })).toBe(
      'red',
    )
    expect(await valueOfVariable({ valueFrom: { secretKeyRef: { name: 'sec', key: 'word' } } })).toBe(
      'hidden',
    )
    expect(
      await valueOfVariable({ valueFrom: { secretKeyRef: { name: 'no', key: 'word', optional: true } } }),
    ).toBe(undefined)
    await expect(
      valueOfVariable({ valueFrom: { configMapKeyRef: { name: 'cfg', key: 'no' } } }),
    ).rejects.toThrow('has no key "no"')
  })

  test('come from whole ConfigMaps with a prefix, and own ones win', async () => {
    const environment = await environmentOf({
      envFrom: [{ prefix: 'P_', configMapRef: { name: 'cfg' } }, { secretRef: { name: 'sec' } }],
      env: [{ name: 'P_size', value: 'mine' }],
    })
    expect([...environment].slice(1)).toEqual([
      ['P_color', 'red'],
      ['P_size', 'mine'],
      ['word', 'hidden'],
    ])
    await expect(environmentOf({ envFrom: [{ configMapRef: { name: 'no' } }] })).rejects.toThrow(
      'does not exist',
    )
  })
})

describe('references', () => {
  test.each([
    ['$(A)', 'x'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$x'],
    ['$(NO)', '$(NO)'],
    ['$A $B', '$A $B'],
    ['cost $5', 'cost $5'],
  ])('%j becomes %j', (text, expected) => {
    expect(expandReferences(text, new Map([['A', 'x']]))).toBe(expected)
  })

  test('leave text without dollars as it is', () => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => !text.includes('$')),
        (text) => {
          expect(expandReferences(text, new Map())).toBe(text)
        },
      ),
    )
  })

  test('are filled in in command and args, of which there must be some', () => {
    const environment = new Map([['PORT', '80']])
    expect(
      containerCommand({ name: 'a', command: ['serve'], args: ['--port=$(PORT)'] }, environment),
    ).toEqual(['serve', '--port=80'])
    expect(() => containerCommand({ name: 'a', image: 'nginx' }, environment)).toThrow('has no command')
  })
})

describe('the downward API', () => {
  test('writes all labels a line each, sorted and quoted', () => {
    expect(fieldValue(POD, 'metadata.labels', ADDRESSES)).toBe('a.b/c="d"\napp="web"')
  })

  test('refuses fields it does not know', () => {
    expect(() => fieldValue(POD, 'spec.magic', ADDRESSES)).toThrow('is not known')
  })
})

describe('files of volumes', () => {
  const filesOf = async (volume: Omit<Volume, 'name'>) => {
    const files = await volumeFiles(POD, { name: 'v', ...volume }, ADDRESSES, SOURCE)
    return files?.map(({ path, content, mode }) => `${path} ${mode.toString(8)} ${content}`)
  }

  test('are the keys, or the chosen ones under chosen paths and modes', async () => {
    expect(await filesOf({ configMap: { name: 'cfg' } })).toEqual(['color 644 red', 'size 644 9'])
    const items = [{ key: 'word', path: 'a/b', mode: 0o400 }]
    expect(await filesOf({ secret: { secretName: 'sec', items, defaultMode: 0o600 } })).toEqual([
      'a/b 400 hidden',
    ])
  })

  test('are put together from several sources', async () => {
    const sources = [
      { serviceAccountToken: { path: 'token', audience: 'api', expirationSeconds: 600 } },
      { configMap: { name: 'cfg', items: [{ key: 'size', path: 's' }] } },
      { downwardAPI: { items: [{ path: 'ns', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
    ]
    expect(await filesOf({ projected: { sources } })).toEqual([
      'token 600 token api 600',
      's 644 9',
      'ns 644 demo',
    ])
  })

  test('never lie outside of their volume', async () => {
    const items = [{ key: 'size', path: '../x' }]
    await expect(filesOf({ configMap: { name: 'cfg', items } })).rejects.toThrow('leads out')
  })

  test('are waited for when what they come from is not there, unless it is optional', async () => {
    await expect(filesOf({ secret: { secretName: 'no' } })).rejects.toThrow('secret "no" does not exist')
    expect(await filesOf({ secret: { secretName: 'no', optional: true } })).toEqual([])
    expect(await filesOf({ emptyDir: {} })).toBe(undefined)
  })
})
