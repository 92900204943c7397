/** examples/globalnet and the YAML of docs/globalnet.md, as users apply them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { GlobalCondition, type GlobalNetwork, GlobalReason } from '../../../src/api/globalnet.ts'
import { readNetwork } from '../../../src/globalnet/network-settings.ts'
import { type KubeApi, startKubeApi } from '../../support/kube-api.ts'
import { describeWith } from '../../support/missing.ts'
import { run } from '../../support/run.ts'
import { ROOT } from '../../support/source-tree.ts'

const FOLDER = join(ROOT, 'examples/globalnet')
const EXAMPLES = readdirSync(FOLDER)
const PAGE = readFileSync(join(ROOT, 'docs/globalnet.md'), 'utf8')
const BLOCKS = [...PAGE.matchAll(/```yaml\n(.*?)```/gs)].map(([, text = '']) => text)
const KINDS = ['globalnetworks', 'globalegressips', 'globalingressips']

function fieldsOf(kind: string): string[] {
  const crd = parse(readFileSync(join(ROOT, `manifests/base/crds/${kind}.yaml`), 'utf8'))
  return Object.keys(crd.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties)
}

test('the page names every example and every field that users write', () => {
  const fields = ['globalnetworks', 'globalegressips'].flatMap(fieldsOf)
  expect(fields.filter((name) => !PAGE.includes(`| \`${name}\` |`))).toEqual([])
  expect(EXAMPLES.filter((name) => !PAGE.includes(`(../examples/globalnet/${name})`))).toEqual([])
})

test('the page names every condition and reason', () => {
  const names = [...Object.values(GlobalCondition), ...Object.values(GlobalReason)]
  expect(names.filter((name) => !PAGE.includes(`\`${name}\``))).toEqual([])
})

test('every GlobalNetwork among the examples can be used', () => {
  const networks = EXAMPLES.map((name) => parse(readFileSync(join(FOLDER, name), 'utf8'))).filter(
    ({ kind }) => kind === 'GlobalNetwork',
  )
  expect(networks.map((network: GlobalNetwork) => readNetwork(network).kind)).toEqual(['valid', 'valid'])
})

describeWith(['kubectl'], 'kubectl apply --validate=strict', () => {
  let api: KubeApi
  const kubectl = (args: readonly string[], input = '') =>
    run(['kubectl', '--kubeconfig', api.kubeconfig, ...args], { input, codes: [0, 1] })

  beforeAll(async () => {
    api = await startKubeApi()
    await kubectl(['apply', '-f', join(ROOT, 'manifests/base/crds')])
    await kubectl(['wait', '--for=condition=Established', ...KINDS.map((kind) => `crd/${kind}.fairlead.dev`)])
    await kubectl(['create', 'namespace', 'demo'])
  })
  afterAll(() => api?.stop())

  test.each(EXAMPLES)('takes %s', async (name) => {
    const { code, stderr } = await kubectl(['apply', '--validate=strict', '-f', join(FOLDER, name)])
    expect([code, stderr]).toEqual([0, ''])
  })

  test('takes every block of the page', async () => {
    expect(BLOCKS).not.toEqual([])
    for (const block of BLOCKS) {
      const { code, stderr } = await kubectl(['apply', '--validate=strict', '-f', '-'], block)
      expect([code, stderr]).toEqual([0, ''])
    }
  })
})
