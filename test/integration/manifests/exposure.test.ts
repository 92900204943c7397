/** Ways into a router and Links to it as users apply them, and the page that explains them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { parse, parseAllDocuments } from 'yaml'
import type { LinkResource } from '../../../src/api/link.ts'
import type { KubeObject } from '../../../src/api/objects.ts'
import { Resource } from '../../../src/api/resources.ts'
import { buildKustomization } from '../../../src/cli/install/kustomize.ts'
import { readLink } from '../../../src/exporter/link-reader.ts'
import { INGRESS, TLS_ROUTE } from '../../support/foreign-crds.ts'
import { type KubeApi, startKubeApi } from '../../support/kube-api.ts'
import { describeWith } from '../../support/missing.ts'
import { run } from '../../support/run.ts'
import { ROOT } from '../../support/source-tree.ts'

const FOLDER = join(ROOT, 'examples/links')
const EXAMPLES = readdirSync(FOLDER)
const PAGE = readFileSync(join(ROOT, 'docs/links.md'), 'utf8')
const EXPOSURES = ['loadbalancer', 'nodeport', 'ingress', 'gateway']
const SYSTEM = 'fairlead-system'

const overlay = (name: string) => join(ROOT, 'manifests/overlays', name)

test('the page names every field, every example and every way in', () => {
  const crd = parse(readFileSync(join(ROOT, 'manifests/base/crds/links.yaml'), 'utf8'))
  const { properties } = crd.spec.versions[0].schema.openAPIV3Schema.properties.spec
  const inner = (name: string) => Object.keys(properties[name].properties).map((each) => `${name}.${each}`)
  const fields = [
    ...['endpoints', 'cost'],
    ...Object.keys(properties.endpoints.items.properties).map((each) => `endpoints[].${each}`),
    ...['httpProxy', 'webSocket', 'settings'].flatMap(inner),
  ]
  expect(fields.filter((name) => !PAGE.includes(`| \`${name}\` |`))).toEqual([])
  expect(EXAMPLES.filter((name) => !PAGE.includes(`(../examples/links/${name})`))).toEqual([])
  expect(EXPOSURES.filter((name) => !PAGE.includes(`manifests/overlays/${name}`))).toEqual([])
})

test('the ingress leads to the port that the router takes WebSockets at', async () => {
  const objects = await buildKustomization(overlay('ingress'))
  const named = (kind: string) =>
    objects.find((each) => each.kind === kind && each.metadata.name === 'fairlead-router') as KubeObject & {
      // biome-ignore lint/suspicious/noExplicitAny: objects of any kind, looked into by path.
      spec: any
    }
  const [path] = named('Ingress').spec.rules[0].http.paths
  const port = named('Service').spec.ports.find(
    ({ name }: { name: string }) => name === path.backend.service.port.name,
  )
  const [container] = named('Deployment').spec.template.spec.containers
  const listening = container.ports.find(({ name }: { name: string }) => name === port.targetPort)
  expect(container.args).toContain(`--websocket-port=${listening.containerPort}`)
  const base = (await buildKustomization(join(ROOT, 'manifests/base'))).find(
    ({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'fairlead-router',
  ) as typeof container
  expect(container.args).toEqual(expect.arrayContaining(base.spec.template.spec.containers[0].args))
  expect(
    named('Service')
      .spec.ports.map(({ name }: { name: string }) => name)
      .sort(),
  ).toEqual(['link', 'websocket'])
})

describeWith(['kubectl'], 'kubectl', () => {
  let api: KubeApi
  const kubectl = (args: readonly string[], input = '') =>
    run(['kubectl', '--kubeconfig', api.kubeconfig, ...args], { codes: [0, 1], input })

  beforeAll(async () => {
    api = await startKubeApi()
    for (const definition of [INGRESS, TLS_ROUTE]) {
      await api.client.create(Resource.customResourceDefinition, definition)
      await kubectl(['wait', '--for=condition=Established', `crd/${definition.metadata.name}`])
    }
  })
  afterAll(() => api?.stop())

  test.each(EXPOSURES)('builds %s as our loader does', async (name) => {
    const { stdout } = await run(['kubectl', 'kustomize', overlay(name)])
    const theirs = parseAllDocuments(stdout).map((document) => document.toJS() as KubeObject)
    expect(byName(sortedPorts(await buildKustomization(overlay(name))))).toEqual(byName(sortedPorts(theirs)))
  })

  test.each(EXPOSURES)('applies %s strictly, all of it', async (name) => {
    const { stdout, stderr } = await kubectl(['apply', '--validate=strict', '-k', overlay(name)])
    // kubectl's word on the spelling of the kustomization, not on the objects.
    expect(stderr.split('\n').filter((line) => line !== '' && !line.startsWith('# Warning'))).toEqual([])
    expect(stdout).toContain('service/fairlead-router ')
  })

  test('applies every example of a Link strictly, and each can be used', async () => {
    const { stderr } = await kubectl(['apply', '--validate=strict', '-f', FOLDER])
    expect(stderr).toBe('')
    const { items } = await api.client.list<LinkResource>(Resource.link, { namespace: SYSTEM })
    expect(items.map((link) => readLink(link).name).sort()).toEqual(['east', 'ship', 'south', 'west'])
  })

  test.each([
    ['spec.settings.keepAliveSeconds', { settings: { keepAliveSeconds: 1000 } }],
    ['spec.settings.maxWindow', { settings: { maxWindow: '4 megabytes' } }],
    ['spec.httpProxy.host', { httpProxy: { host: 'http://proxy', port: 3128 } }],
    ['spec.httpProxy.credentials.key', { httpProxy: { host: 'p', port: 1, credentials: { name: 'x' } } }],
    ['unknown field "spec.httpProxy.password"', { httpProxy: { host: 'p', port: 1, password: 'x' } }],
  ])('refuses a Link for its %s', async (what, spec) => {
    const object = {
      apiVersion: 'fairlead.dev/v1alpha1',
      kind: 'Link',
      metadata: { name: 'wrong', namespace: SYSTEM },
      spec: { endpoints: [{ host: 'east', port: 5671 }], ...spec },
    }
    const { code, stderr } = await kubectl(['apply', '--validate=strict', '-f', '-'], JSON.stringify(object))
    expect([code, stderr]).toEqual([1, expect.stringContaining(what)])
  })
})

/** New list members may stand before or after the old ones; which, differs between kustomize versions. */
function sortedPorts(objects: readonly KubeObject[]): KubeObject[] {
  return JSON.parse(JSON.stringify(objects), (key, value) =>
    key === 'ports' && Array.isArray(value)
      ? value.toSorted((a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1))
      : value,
  )
}

function byName(objects: readonly KubeObject[]): Record<string, KubeObject> {
  const name = ({ kind, metadata }: KubeObject) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`
  return Object.fromEntries(objects.map((object) => [name(object), object]))
}
