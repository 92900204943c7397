import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  AppsV1Api,
  AuthorizationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  loadYaml,
  type V1Pod,
  Watch,
} from '@kubernetes/client-node'
import { WIDGET_CRD } from '../../../support/api-cases.ts'
import { type KubeApi, startKubeApi } from '../../../support/kube-api.ts'

describe('@kubernetes/client-node', () => {
  let server: KubeApi
  const config = new KubeConfig()

  beforeAll(async () => {
    server = await startKubeApi()
    config.loadFromFile(server.kubeconfig)
  })

  afterAll(() => server.stop())

  const container = { name: 'main', image: 'any' }

  test('creates, lists, patches and deletes', async () => {
    const core = config.makeApiClient(CoreV1Api)
    const body = { metadata: { name: 'from-js', labels: { a: 'b' } }, data: { x: '1' } }
    const made = await core.createNamespacedConfigMap({ namespace: 'default', body })
    expect(made.metadata?.creationTimestamp).toBeInstanceOf(Date)
    const list = await core.listNamespacedConfigMap({ namespace: 'default', labelSelector: 'a=b' })
    expect(list.items.map(({ metadata }) => metadata?.name)).toEqual(['from-js'])
    const next = { ...made, data: { x: '2' } }
    const replaced = await core.replaceNamespacedConfigMap({
      namespace: 'default',
      name: 'from-js',
      body: next,
    })
    expect(replaced.data).toEqual({ x: '2' })
    const gone = await core.deleteNamespacedConfigMap({ namespace: 'default', name: 'from-js' })
    expect(gone.status).toBe('Success')
  })

  test('reports a conflict as one', async () => {
    const core = config.makeApiClient(CoreV1Api)
    const made = await core.createNamespacedConfigMap({
      namespace: 'default',
      body: { metadata: { name: 'twice' } },
    })
    const replace = (data: Record<string, string>) =>
      core.replaceNamespacedConfigMap({ namespace: 'default', name: 'twice', body: { ...made, data } })
    await replace({ a: '1' })
    await expect(replace({ a: '2' })).rejects.toMatchObject({ code: 409 })
  })

  test('applies a Deployment and changes its scale', async () => {
    const apps = config.makeApiClient(AppsV1Api)
    const labels = { app: 'js' }
    const spec = {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container] } },
    }
    await apps.createNamespacedDeployment({ namespace: 'default', body: { metadata: { name: 'js' }, spec } })
    const scale = await apps.readNamespacedDeploymentScale({ namespace: 'default', name: 'js' })
    expect(scale.spec?.replicas).toBe(1)
    scale.spec = { replicas: 4 }
    await apps.replaceNamespacedDeploymentScale({ namespace: 'default', name: 'js', body: scale })
    const { spec: after } = await apps.readNamespacedDeployment({ namespace: 'default', name: 'js' })
    expect(after?.replicas).toBe(4)
  })

  test('watches pods', async () => {
    const core = config.makeApiClient(CoreV1Api)
    const seen = new Promise<string>((resolve, reject) => {
      const watch = new Watch(config).watch(
        '/api/v1/namespaces/default/pods',
        {},
        (phase: string, pod: V1Pod) => {
          resolve(`${phase} ${pod.metadata?.name}`)
          void watch.then((controller) => controller.abort())
        },
        (error: unknown) => (error === null ? undefined : reject(error)),
      )
    })
    await core.createNamespacedPod({
      namespace: 'default',
      body: { metadata: { name: 'watched' }, spec: { containers: [container] } },
    })
    expect(await seen).toBe('ADDED watched')
  })

  test('finds kinds by discovery, custom ones as well', async () => {
    const objects = KubernetesObjectApi.makeApiClient(config)
    await objects.create(loadYaml<KubernetesObject>(WIDGET_CRD))
    const widget = {
      apiVersion: 'cases.fairlead.dev/v1',
      kind: 'Widget',
      metadata: { name: 'w', namespace: 'default' },
      spec: { colour: 'red' },
    }
    await objects.create(widget)
    const custom = config.makeApiClient(CustomObjectsApi)
    const where = { group: 'cases.fairlead.dev', version: 'v1', namespace: 'default', plural: 'widgets' }
    expect(await custom.getNamespacedCustomObject({ ...where, name: 'w' })).toMatchObject({
      spec: { colour: 'red', replicas: 1 },
    })
  })

  test('asks what it may do', async () => {
    const authorization = config.makeApiClient(AuthorizationV1Api)
    const body = { spec: { resourceAttributes: { verb: 'delete', resource: 'nodes' } } }
    const { status } = await authorization.createSelfSubjectAccessReview({ body })
    expect(status?.allowed).toBe(true)
  })
})
