/** The definitions of the standard that we bring, held against facts of mcs-api v0.5.2 and of about-api. */
import { expect, test } from '@jest/globals'
import type { KubeObject } from '../../../src/api/objects.ts'
import { manifestObjects } from '../../../src/cli/install/installation.ts'

interface Schema {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly enum?: readonly string[]
  readonly maxItems?: number
  readonly items?: Schema
}

interface Version {
  readonly name: string
  readonly served: boolean
  readonly storage: boolean
  readonly additionalPrinterColumns: readonly { readonly name: string; readonly jsonPath: string }[]
  readonly schema: { readonly openAPIV3Schema: Schema }
}

interface Crd extends KubeObject {
  readonly spec: { readonly names: object; readonly scope: string; readonly versions: readonly Version[] }
}

async function definition(name: string): Promise<Crd> {
  const found = (await manifestObjects('base')).find(({ metadata }) => metadata.name === name)
  if (found === undefined) throw new Error(`no ${name}`)
  return found as Crd
}

const EXPORTS = 'serviceexports.multicluster.x-k8s.io'
const IMPORTS = 'serviceimports.multicluster.x-k8s.io'
const PROPERTIES = 'clusterproperties.about.k8s.io'

test.each([EXPORTS, IMPORTS, PROPERTIES])(
  '%s is served as v1alpha1 and stored as v1beta1, of one schema',
  async (name) => {
    const { versions } = (await definition(name)).spec
    expect(versions.map((version) => [version.name, version.served, version.storage])).toEqual([
      ['v1alpha1', true, false],
      ['v1beta1', true, true],
    ])
    expect(versions[0]?.schema).toEqual(versions[1]?.schema)
    expect(versions[0]?.additionalPrinterColumns).toEqual(versions[1]?.additionalPrinterColumns)
  },
)

test.each([EXPORTS, IMPORTS])('%s says which release of mcs-api its schema is of', async (name) => {
  expect((await definition(name)).metadata.labels).toMatchObject({
    'multicluster.x-k8s.io/release-version': 'v0.5.2',
    'multicluster.x-k8s.io/crd-schema-revision': '0',
  })
})

test.each([
  [EXPORTS, 'Namespaced', ['svcex', 'svcexport'], undefined, ['Age']],
  [IMPORTS, 'Namespaced', ['svcim', 'svcimport'], undefined, ['Type', 'IP', 'Age']],
  [PROPERTIES, 'Cluster', undefined, ['multicluster'], ['value', 'age']],
])(
  '%s has the names and the columns of the standard',
  async (name, scope, shortNames, categories, columns) => {
    const { spec } = await definition(name)
    expect(spec.scope).toBe(scope)
    expect(spec.names).toMatchObject({ ...(shortNames && { shortNames }), ...(categories && { categories }) })
    expect(spec.versions[1]?.additionalPrinterColumns.map((column) => column.name)).toEqual(columns)
  },
)

test('a ServiceImport has the fields of v0.5.2, and the three constraints that there are', async () => {
  const { spec, status } =
    (await definition(IMPORTS)).spec.versions[1]?.schema.openAPIV3Schema.properties ?? {}
  expect(Object.keys(spec?.properties ?? {}).sort()).toEqual([
    'internalTrafficPolicy',
    'ipFamilies',
    'ips',
    'ports',
    'sessionAffinity',
    'sessionAffinityConfig',
    'trafficDistribution',
    'type',
  ])
  expect(spec?.required).toEqual(['ports', 'type'])
  expect(spec?.properties).toMatchObject({
    ips: { maxItems: 2 },
    ipFamilies: { maxItems: 2 },
    type: { enum: ['ClusterSetIP', 'Headless'] },
    ports: { items: { required: ['port'] }, 'x-kubernetes-list-type': 'atomic' },
  })
  expect(Object.keys(status?.properties ?? {}).sort()).toEqual([
    'clusters',
    'conditions',
    'endpointSliceObjects',
  ])
  expect(status?.properties).toMatchObject({
    endpointSliceObjects: { type: 'string', enum: ['Present', 'Absent'] },
    clusters: { 'x-kubernetes-list-map-keys': ['cluster'] },
    conditions: { 'x-kubernetes-list-map-keys': ['type'] },
  })
})

test('a ServiceExport exports labels and annotations, and needs no spec', async () => {
  const schema = (await definition(EXPORTS)).spec.versions[1]?.schema.openAPIV3Schema
  expect(schema?.required).toBeUndefined()
  expect(Object.keys(schema?.properties?.['spec']?.properties ?? {}).sort()).toEqual([
    'exportedAnnotations',
    'exportedLabels',
  ])
})
