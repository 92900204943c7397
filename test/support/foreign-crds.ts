/**
 * Stand-ins for kinds that the embedded API does not have: the fields that our manifests use, as upstream's schemas have
 * them, and none more, so that strict validation finds a field that is misspelt.
 */
import type { KubeObject } from '../../src/api/objects.ts'

type Schema = Readonly<Record<string, unknown>>

const string: Schema = { type: 'string' }
const integer: Schema = { type: 'integer' }
const list = (items: Schema): Schema => ({ type: 'array', items })
const object = (properties: Record<string, Schema>, required: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  ...(required.length === 0 ? {} : { required }),
})

function definition(
  names: { readonly group: string; readonly version: string; readonly kind: string; readonly plural: string },
  spec: Schema,
): KubeObject {
  const { group, version, kind, plural } = names
  const schema = object({ apiVersion: string, kind: string, metadata: { type: 'object' }, spec }, ['spec'])
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${group}`,
      annotations: { 'api-approved.kubernetes.io': 'https://github.com/kubernetes-sigs/gateway-api' },
    },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [{ name: version, served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  } as KubeObject
}

/** gateway.networking.k8s.io/v1alpha2 TLSRoute. */
export const TLS_ROUTE = definition(
  { group: 'gateway.networking.k8s.io', version: 'v1alpha2', kind: 'TLSRoute', plural: 'tlsroutes' },
  object(
    {
      parentRefs: list(object({ name: string, namespace: string, sectionName: string }, ['name'])),
      hostnames: list(string),
      rules: list(
        object({ backendRefs: list(object({ name: string, port: integer }, ['name'])) }, ['backendRefs']),
      ),
    },
    ['rules'],
  ),
)

const servicePort = object({ name: string, number: integer })
const backend = object({ service: object({ name: string, port: servicePort }, ['name']) })

/** networking.k8s.io/v1 Ingress. */
export const INGRESS = definition(
  { group: 'networking.k8s.io', version: 'v1', kind: 'Ingress', plural: 'ingresses' },
  object({
    tls: list(object({ hosts: list(string), secretName: string })),
    rules: list(
      object({
        host: string,
        http: object({
          paths: list(object({ path: string, pathType: string, backend }, ['pathType', 'backend'])),
        }),
      }),
    ),
  }),
)
