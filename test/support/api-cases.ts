/**
 * What users of kubectl expect of an API server, as data: the same table runs against the embedded server and against a real one.
 * `$NS` stands for a namespace of the case's own.
 */

export interface ApiStep {
  /** Arguments of kubectl, as in a shell: single quotes keep words together. */
  readonly kubectl: string
  readonly input?: string
  /** Exit code. Default 0. */
  readonly code?: number
  readonly stdout?: RegExp
  readonly stderr?: RegExp
  /** Tried again until it holds: something happens in the background. */
  readonly eventually?: true
}

export interface ApiCase {
  readonly name: string
  readonly steps: readonly ApiStep[]
  /** Needs something only the embedded server has, and why. */
  readonly labOnly?: string
}

/** The custom resource of the cases, installed before them. */
export const WIDGET_CRD = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.cases.fairlead.dev}
spec:
  group: cases.fairlead.dev
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, shortNames: [wdg], categories: [all]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources:
      status: {}
      scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}
    additionalPrinterColumns:
    - {name: Colour, type: string, jsonPath: .spec.colour}
    - {name: Replicas, type: integer, jsonPath: .spec.replicas}
    - {name: Ready, type: string, jsonPath: '.status.conditions[?(@.type=="Ready")].status'}
    - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
    - {name: Size, type: string, priority: 1, jsonPath: .spec.size}
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          spec:
            type: object
            required: [colour]
            properties:
              colour: {type: string, description: The colour of the widget., enum: [red, green, blue]}
              size: {type: string, pattern: '^[0-9]+(mm|cm)$', maxLength: 8}
              replicas: {type: integer, minimum: 0, maximum: 10, default: 1}
              address: {type: string, format: ipv4}
              port: {x-kubernetes-int-or-string: true}
              labels: {type: object, additionalProperties: {type: string}}
              free: {type: object, x-kubernetes-preserve-unknown-fields: true}
              tags: {type: array, maxItems: 3, x-kubernetes-list-type: set, items: {type: string}}
              parts:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [name]
                items:
                  type: object
                  required: [name]
                  properties: {name: {type: string}, count: {type: integer, default: 5}}
          status:
            type: object
            properties:
              replicas: {type: integer}
              phase: {type: string}
              conditions:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [type]
                items:
                  type: object
                  required: [type, status]
                  properties:
                    type: {type: string}
                    status: {type: string}
                    reason: {type: string}
                    message: {type: string}
                    lastTransitionTime: {type: string, format: date-time}
`

function widget(name: string, spec: string): string {
  return `{"apiVersion":"cases.fairlead.dev/v1","kind":"Widget","metadata":{"name":"${name}"},"spec":${spec}}`
}

function configMap(name: string, data: string, metadata = ''): string {
  return `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${name}"${metadata}},"data":${data}}`
}

const DEPLOYMENT = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 0
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: main
        image: registry.k8s.io/pause:3.10
        env: [{name: A, value: one}, {name: B, value: two}]
        ports: [{containerPort: 8080, name: http}]
`

const SERVICE = `
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: http}, {name: dns, port: 53, protocol: UDP}]
`

const basics: readonly ApiCase[] = [
  {
    name: 'version names the server',
    steps: [{ kubectl: 'version', stdout: /Server Version: v1\.\d+/ }],
  },
  {
    name: 'api-resources lists short names, groups and custom resources',
    steps: [
      {
        kubectl: 'api-resources --namespaced=true',
        stdout: /services +svc +v1 +true +Service[\s\S]*deployments +deploy +apps\/v1/,
      },
      {
        kubectl: 'api-resources --api-group=cases.fairlead.dev',
        stdout: /widgets +wdg +cases\.fairlead\.dev\/v1 +true +Widget/,
      },
    ],
  },
  {
    name: 'api-versions lists every group and version',
    steps: [{ kubectl: 'api-versions', stdout: /^apps\/v1$[\s\S]*^discovery\.k8s\.io\/v1$[\s\S]*^v1$/m }],
  },
  {
    name: 'get --raw reads health and discovery',
    steps: [
      { kubectl: 'get --raw /readyz', stdout: /^ok/ },
      { kubectl: 'get --raw /apis/apps/v1', stdout: /"groupVersion":"apps\/v1"/ },
      {
        kubectl: 'get --raw /apis/none.example/v1',
        code: 1,
        stderr: /could not find the requested resource/,
      },
    ],
  },
  {
    name: 'an unknown resource type is said to be unknown',
    steps: [{ kubectl: 'get gizmos', code: 1, stderr: /the server doesn't have a resource type "gizmos"/ }],
  },
  {
    name: 'the namespaces of every cluster are there',
    steps: [{ kubectl: 'get namespaces -o name', stdout: /namespace\/default[\s\S]*namespace\/kube-system/ }],
  },
  {
    name: 'the kubernetes Service has an address and an endpoint slice',
    steps: [
      {
        kubectl: 'get service kubernetes -n default -o jsonpath={.spec.ports[0].port}/{.spec.type}',
        stdout: /^443\/ClusterIP$/,
      },
      {
        kubectl: 'get endpointslices -n default -l kubernetes.io/service-name=kubernetes',
        stdout: /IPv4/,
        eventually: true,
      },
    ],
  },
  {
    name: 'a namespace gets a label with its name, a default account and the root certificate',
    steps: [
      {
        kubectl: 'get namespace $NS -o jsonpath={.metadata.labels.kubernetes\\.io/metadata\\.name}',
        stdout: /^\S+$/,
      },
      {
        kubectl: 'get serviceaccount default -n $NS -o name',
        stdout: /serviceaccount\/default/,
        eventually: true,
      },
      {
        kubectl: 'get configmap kube-root-ca.crt -n $NS -o jsonpath={.data}',
        stdout: /BEGIN CERTIFICATE/,
        eventually: true,
      },
    ],
  },
]

const objects: readonly ApiCase[] = [
  {
    name: 'create, get, describe and delete a ConfigMap',
    steps: [
      {
        kubectl: 'create configmap settings -n $NS --from-literal=colour=red',
        stdout: /configmap\/settings created/,
      },
      { kubectl: 'get configmap settings -n $NS', stdout: /NAME +DATA +AGE\nsettings +1 +\d+s/ },
      { kubectl: 'describe configmap settings -n $NS', stdout: /colour:\n----\nred/ },
      { kubectl: 'delete configmap settings -n $NS', stdout: /configmap "settings" deleted/ },
      {
        kubectl: 'get configmap settings -n $NS',
        code: 1,
        stderr: /\(NotFound\): configmaps "settings" not found/,
      },
    ],
  },
  {
    name: 'a second create says that it exists',
    steps: [
      { kubectl: 'create configmap one -n $NS' },
      {
        kubectl: 'create configmap one -n $NS',
        code: 1,
        stderr:
          /\(AlreadyExists\): configmaps "one" already exists|failed to create configmap: configmaps "one" already exists/,
      },
    ],
  },
  {
    name: 'creation in a namespace that is not there fails',
    steps: [
      { kubectl: 'create configmap one -n missing-ns', code: 1, stderr: /namespaces "missing-ns" not found/ },
    ],
  },
  {
    name: 'a bad name is refused with the rule',
    steps: [
      {
        kubectl: 'create -n $NS -f -',
        input: configMap('Bad_Name', '{}'),
        code: 1,
        stderr:
          /ConfigMap "Bad_Name" is invalid: metadata\.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain/,
      },
    ],
  },
  {
    name: 'generateName makes a new name each time',
    steps: [
      {
        kubectl: 'create -n $NS -f -',
        input: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"generateName":"made-"}}',
        stdout: /configmap\/made-[a-z0-9]{5} created/,
      },
    ],
  },
  {
    name: 'a dry run on the server stores nothing',
    steps: [
      {
        kubectl: 'create configmap ghost -n $NS --dry-run=server',
        stdout: /configmap\/ghost created \(server dry run\)/,
      },
      { kubectl: 'get configmap ghost -n $NS', code: 1, stderr: /NotFound/ },
    ],
  },
  {
    name: 'stringData of a Secret is stored as base64 data',
    steps: [
      {
        kubectl: 'apply -n $NS -f -',
        input: '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"key"},"stringData":{"pass":"word"}}',
      },
      {
        kubectl: 'get secret key -n $NS -o jsonpath={.data.pass}/{.type}/{.stringData}',
        stdout: /^d29yZA==\/Opaque\/$/,
      },
      { kubectl: 'get secrets -n $NS --field-selector type=Opaque -o name', stdout: /secret\/key/ },
    ],
  },
  {
    name: 'an immutable ConfigMap cannot be changed',
    steps: [
      {
        kubectl: 'apply -n $NS -f -',
        input:
          '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"fixed"},"immutable":true,"data":{"a":"1"}}',
      },
      {
        kubectl: `patch configmap fixed -n $NS -p '{"data":{"a":"2"}}'`,
        code: 1,
        stderr: /data: Forbidden: field is immutable when `immutable` is set/,
      },
    ],
  },
  {
    name: 'labels can be set, changed and removed, and select',
    steps: [
      { kubectl: 'create configmap a -n $NS' },
      { kubectl: 'create configmap b -n $NS' },
      { kubectl: 'label configmap a -n $NS tier=front', stdout: /labeled/ },
      { kubectl: 'label configmap a -n $NS tier=back', code: 1, stderr: /already has a value/ },
      { kubectl: 'label configmap a -n $NS tier=back --overwrite' },
      { kubectl: 'get configmaps -n $NS -l tier=back -o name', stdout: /^configmap\/a\n$/ },
      { kubectl: `get configmaps -n $NS -l 'tier in (back,front)' -o name`, stdout: /^configmap\/a\n$/ },
      { kubectl: 'get configmaps -n $NS -l !tier -o name', stdout: /configmap\/b/ },
      { kubectl: 'label configmap a -n $NS tier-', stdout: /unlabeled/ },
      { kubectl: 'get configmaps -n $NS -l tier', stderr: /No resources found/ },
    ],
  },
  {
    name: 'a bad label is refused',
    steps: [
      { kubectl: 'create configmap a -n $NS' },
      {
        kubectl: `patch configmap a -n $NS -p '{"metadata":{"labels":{"x":"not valid!"}}}'`,
        code: 1,
        stderr: /metadata\.labels: Invalid value: "not valid!": a valid label must be/,
      },
    ],
  },
  {
    name: 'annotate adds and removes',
    steps: [
      { kubectl: 'create configmap a -n $NS' },
      { kubectl: `annotate configmap a -n $NS note='two words'`, stdout: /annotated/ },
      { kubectl: 'get configmap a -n $NS -o jsonpath={.metadata.annotations.note}', stdout: /^two words$/ },
      { kubectl: 'annotate configmap a -n $NS note-' },
    ],
  },
  {
    name: 'empty maps of the metadata are not kept',
    steps: [
      {
        kubectl: 'apply --server-side -n $NS -f -',
        input: configMap('plain', '{"a":"1"}', ',"labels":{},"annotations":{},"finalizers":[]'),
      },
      {
        kubectl: 'get configmap plain -n $NS -o jsonpath={.metadata}',
        stdout: /^(?!.*("labels"|"annotations"|"finalizers"))/,
      },
      {
        kubectl: 'apply --server-side -n $NS -f -',
        input: widget('plain', '{"colour":"red"}').replace('"name":"plain"', '"name":"plain","labels":{}'),
      },
      { kubectl: 'get widget plain -n $NS -o jsonpath={.metadata}', stdout: /^(?!.*"labels")/ },
    ],
  },
  {
    name: 'field selectors pick by name, and refuse fields a kind does not offer',
    steps: [
      { kubectl: 'create configmap a -n $NS' },
      { kubectl: 'create configmap b -n $NS' },
      {
        kubectl: 'get configmaps -n $NS --field-selector metadata.name=b -o name',
        stdout: /^configmap\/b\n$/,
      },
      { kubectl: 'get configmaps -n $NS --field-selector metadata.name!=b -o name', stdout: /configmap\/a/ },
      {
        kubectl: 'get configmaps -n $NS --field-selector spec.x=b',
        code: 1,
        stderr: /"spec\.x" is not a known field selector: only "metadata\.name", "metadata\.namespace"/,
      },
      {
        kubectl: 'get pods -n $NS --field-selector spec.x=b',
        code: 1,
        stderr: /field label not supported: spec\.x/,
      },
    ],
  },
  {
    name: 'long lists come in pages',
    steps: [
      { kubectl: 'create configmap a -n $NS' },
      { kubectl: 'create configmap b -n $NS' },
      { kubectl: 'create configmap c -n $NS' },
      {
        kubectl: 'get configmaps -n $NS --chunk-size=1 -o name',
        stdout: /configmap\/a\nconfigmap\/b\nconfigmap\/c/,
      },
      { kubectl: 'get --raw /api/v1/namespaces/$NS/configmaps?limit=1', stdout: /"continue":"[^"]+"/ },
    ],
  },
  {
    name: 'an update with an old resourceVersion is a conflict',
    steps: [
      { kubectl: 'create configmap a -n $NS' },
      {
        kubectl: 'replace -n $NS -f -',
        input: configMap('a', '{"x":"1"}', ',"resourceVersion":"1"'),
        code: 1,
        stderr:
          /\(Conflict\)[\s\S]*Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again/,
      },
    ],
  },
  {
    name: 'replace changes the whole object',
    steps: [
      { kubectl: 'create configmap a -n $NS --from-literal=old=1' },
      { kubectl: 'replace -n $NS -f -', input: configMap('a', '{"new":"2"}'), stdout: /replaced/ },
      { kubectl: 'get configmap a -n $NS -o jsonpath={.data}', stdout: /^\{"new":"2"\}$/ },
    ],
  },
  {
    name: 'a change that changes nothing keeps the resourceVersion',
    steps: [
      { kubectl: 'create configmap a -n $NS --from-literal=x=1' },
      { kubectl: `patch configmap a -n $NS -p '{"data":{"x":"1"}}'`, stdout: /patched \(no change\)/ },
    ],
  },
  {
    name: 'JSON patch adds, tests and removes',
    steps: [
      { kubectl: 'create configmap a -n $NS --from-literal=x=1' },
      {
        kubectl: `patch configmap a -n $NS --type=json -p '[{"op":"test","path":"/data/x","value":"1"},{"op":"add","path":"/data/y","value":"2"},{"op":"remove","path":"/data/x"}]'`,
      },
      { kubectl: 'get configmap a -n $NS -o jsonpath={.data}', stdout: /^\{"y":"2"\}$/ },
      {
        kubectl: `patch configmap a -n $NS --type=json -p '[{"op":"remove","path":"/data/none"}]'`,
        code: 1,
        stderr: /the server rejected our request due to an error in our request|request is invalid/,
      },
    ],
  },
  {
    name: 'merge patch removes by null',
    steps: [
      { kubectl: 'create configmap a -n $NS --from-literal=x=1 --from-literal=y=2' },
      { kubectl: `patch configmap a -n $NS --type=merge -p '{"data":{"x":null,"z":"3"}}'` },
      { kubectl: 'get configmap a -n $NS -o jsonpath={.data}', stdout: /^\{"y":"2","z":"3"\}$/ },
    ],
  },
]

const deletion: readonly ApiCase[] = [
  {
    name: 'a finalizer holds an object until it is taken off',
    steps: [
      {
        kubectl: 'apply -n $NS -f -',
        input: configMap('held', '{}', ',"finalizers":["cases.fairlead.dev/hold"]'),
      },
      { kubectl: 'delete configmap held -n $NS --wait=false', stdout: /deleted/ },
      {
        kubectl: 'get configmap held -n $NS -o jsonpath={.metadata.deletionTimestamp}',
        stdout: /\d{4}-\d\d-\d\dT/,
      },
      {
        kubectl: `patch configmap held -n $NS --type=merge -p '{"metadata":{"finalizers":["a.b/c","cases.fairlead.dev/hold"]}}'`,
        code: 1,
        stderr: /no new finalizers can be added if the object is being deleted/,
      },
      { kubectl: `patch configmap held -n $NS --type=merge -p '{"metadata":{"finalizers":null}}'` },
      { kubectl: 'get configmap held -n $NS', code: 1, stderr: /NotFound/ },
    ],
  },
  {
    name: 'dependents follow their owner',
    steps: [
      { kubectl: 'create -n $NS -f -', input: DEPLOYMENT },
      { kubectl: 'delete deployment web -n $NS --cascade=foreground', stdout: /deleted/ },
      { kubectl: 'get deployment web -n $NS', code: 1, stderr: /NotFound/ },
    ],
  },
  {
    name: 'an object whose owner is not there is collected',
    steps: [
      {
        kubectl: 'apply -n $NS -f -',
        input: configMap(
          'orphan',
          '{}',
          ',"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"gone","uid":"00000000-0000-0000-0000-000000000001"}]',
        ),
      },
      { kubectl: 'get configmap orphan -n $NS', code: 1, stderr: /NotFound/, eventually: true },
    ],
  },
  {
    name: 'a namespace takes its content along',
    steps: [
      { kubectl: 'create namespace $NS-two' },
      { kubectl: 'create configmap a -n $NS-two' },
      { kubectl: 'create -n $NS-two -f -', input: SERVICE },
      { kubectl: 'delete namespace $NS-two --timeout=60s', stdout: /deleted/ },
      { kubectl: 'get namespace $NS-two', code: 1, stderr: /NotFound/ },
    ],
  },
  {
    name: 'nothing new is made in a namespace that is going away',
    steps: [
      { kubectl: 'create namespace $NS-held' },
      {
        kubectl: 'apply -n $NS-held -f -',
        input: configMap('held', '{}', ',"finalizers":["cases.fairlead.dev/hold"]'),
      },
      { kubectl: 'delete namespace $NS-held --wait=false' },
      { kubectl: 'get namespace $NS-held', stdout: /Terminating/ },
      {
        kubectl: 'create configmap late -n $NS-held',
        code: 1,
        stderr: /unable to create new content in namespace \S+ because it is being terminated/,
      },
      { kubectl: `patch configmap held -n $NS-held --type=merge -p '{"metadata":{"finalizers":null}}'` },
      { kubectl: 'wait --for=delete namespace/$NS-held --timeout=60s' },
    ],
  },
  {
    name: 'delete by label deletes what it selects',
    steps: [
      { kubectl: 'create configmap a -n $NS' },
      { kubectl: 'create configmap b -n $NS' },
      { kubectl: 'label configmap a -n $NS x=y' },
      { kubectl: 'delete configmaps -n $NS -l x=y', stdout: /"a" deleted/ },
      { kubectl: 'get configmap b -n $NS -o name', stdout: /configmap\/b/ },
    ],
  },
  {
    name: 'deleting what is not there says so, unless it may be missing',
    steps: [
      { kubectl: 'delete configmap none -n $NS', code: 1, stderr: /configmaps "none" not found/ },
      { kubectl: 'delete configmap none -n $NS --ignore-not-found' },
    ],
  },
]

const applying: readonly ApiCase[] = [
  {
    name: 'apply creates, then leaves unchanged, then configures',
    steps: [
      { kubectl: 'apply -n $NS -f -', input: DEPLOYMENT, stdout: /deployment\.apps\/web created/ },
      { kubectl: 'apply -n $NS -f -', input: DEPLOYMENT, stdout: /deployment\.apps\/web unchanged/ },
      {
        kubectl: 'apply -n $NS -f -',
        input: DEPLOYMENT.replace('two', 'three'),
        stdout: /deployment\.apps\/web configured/,
      },
      {
        kubectl: 'get deployment web -n $NS -o jsonpath={.spec.template.spec.containers[0].env[*].value}',
        stdout: /^one three$/,
      },
    ],
  },
  {
    name: 'apply removes list items that are gone from the file, and keeps those of others',
    steps: [
      { kubectl: 'apply -n $NS -f -', input: DEPLOYMENT },
      {
        kubectl: `patch deployment web -n $NS -p '{"spec":{"template":{"spec":{"containers":[{"name":"main","env":[{"name":"C","value":"other"}]}]}}}}'`,
      },
      { kubectl: 'apply -n $NS -f -', input: DEPLOYMENT.replace(', {name: B, value: two}', '') },
      {
        kubectl: 'get deployment web -n $NS -o jsonpath={.spec.template.spec.containers[0].env[*].name}',
        stdout: /^(A C|C A)$/,
      },
    ],
  },
  {
    name: 'diff shows what apply would change, with exit code 1',
    steps: [
      { kubectl: 'apply -n $NS -f -', input: DEPLOYMENT },
      { kubectl: 'diff -n $NS -f -', input: DEPLOYMENT },
      {
        kubectl: 'diff -n $NS -f -',
        input: DEPLOYMENT.replace('two', 'three'),
        code: 1,
        stdout: /\+ +value: three/,
      },
    ],
  },
  {
    name: 'an unknown field is refused by name',
    steps: [
      {
        kubectl: 'apply -n $NS -f -',
        input: DEPLOYMENT.replace('replicas:', 'replicaz:'),
        code: 1,
        stderr: /unknown field "spec\.replicaz"|unknown field "replicaz"/,
      },
    ],
  },
  {
    name: 'an unknown field is only warned about when asked',
    steps: [
      {
        kubectl: 'apply -n $NS --validate=warn -f -',
        input: DEPLOYMENT.replace('replicas:', 'replicaz:'),
        stderr: /Warning: unknown field "spec\.replicaz"/,
      },
      { kubectl: 'get deployment web -n $NS -o jsonpath={.spec.replicaz}', stdout: /^$/ },
    ],
  },
  {
    name: 'a wrong type is refused',
    steps: [
      {
        kubectl: 'apply -n $NS -f -',
        input: DEPLOYMENT.replace('replicas: 0', 'replicas: many'),
        code: 1,
        stderr:
          /cannot unmarshal string into Go struct field \S*spec\.replicas of type int32|got "string", expected "integer"/,
      },
    ],
  },
  {
    name: 'server-side apply records its manager and is idempotent',
    steps: [
      {
        kubectl: 'apply --server-side -n $NS -f -',
        input: configMap('ssa', '{"a":"1"}'),
        stdout: /serverside-applied/,
      },
      {
        kubectl:
          'get configmap ssa -n $NS -o jsonpath={.metadata.managedFields[0].manager}/{.metadata.managedFields[0].operation}',
        stdout: /^kubectl\/Apply$/,
      },
      { kubectl: 'apply --server-side -n $NS -f -', input: configMap('ssa', '{"a":"1"}') },
    ],
  },
  {
    name: 'server-side apply reports conflicts, and takes over by force',
    steps: [
      {
        kubectl: 'apply --server-side --field-manager=one -n $NS -f -',
        input: configMap('ssa', '{"a":"1"}'),
      },
      {
        kubectl: 'apply --server-side --field-manager=two -n $NS -f -',
        input: configMap('ssa', '{"a":"2"}'),
        code: 1,
        stderr: /Apply failed with 1 conflict: conflict with "one"(?: using v1)?: \.data\.a/,
      },
      {
        kubectl: 'apply --server-side --field-manager=two --force-conflicts -n $NS -f -',
        input: configMap('ssa', '{"a":"2"}'),
      },
      { kubectl: 'get configmap ssa -n $NS -o jsonpath={.data.a}', stdout: /^2$/ },
    ],
  },
  {
    name: 'server-side apply removes what its manager no longer applies',
    steps: [
      {
        kubectl: 'apply --server-side --field-manager=one -n $NS -f -',
        input: configMap('ssa', '{"a":"1","b":"1"}'),
      },
      {
        kubectl: 'apply --server-side --field-manager=two -n $NS -f -',
        input: configMap('ssa', '{"b":"1","c":"1"}'),
      },
      { kubectl: 'apply --server-side --field-manager=one -n $NS -f -', input: configMap('ssa', '{}') },
      { kubectl: 'get configmap ssa -n $NS -o jsonpath={.data}', stdout: /^\{"b":"1","c":"1"\}$/ },
    ],
  },
  {
    name: 'server-side apply after client-side apply migrates ownership',
    steps: [
      { kubectl: 'apply -n $NS -f -', input: configMap('mix', '{"a":"1"}') },
      {
        kubectl: 'apply --server-side -n $NS -f -',
        input: configMap('mix', '{"a":"2"}'),
        stdout: /serverside-applied/,
      },
      { kubectl: 'get configmap mix -n $NS -o jsonpath={.data.a}', stdout: /^2$/ },
    ],
  },
  {
    name: 'server-side apply merges list items by key',
    steps: [
      { kubectl: 'apply --server-side --field-manager=one -n $NS -f -', input: SERVICE },
      {
        kubectl: 'apply --server-side --field-manager=two -n $NS -f -',
        input:
          '{"apiVersion":"v1","kind":"Service","metadata":{"name":"web"},"spec":{"ports":[{"name":"more","port":90}]}}',
      },
      { kubectl: 'get service web -n $NS -o jsonpath={.spec.ports[*].port}', stdout: /^80 53 90$/ },
      {
        kubectl: 'apply --server-side --field-manager=two -n $NS -f -',
        input: '{"apiVersion":"v1","kind":"Service","metadata":{"name":"web"}}',
      },
      { kubectl: 'get service web -n $NS -o jsonpath={.spec.ports[*].port}', stdout: /^80 53$/ },
    ],
  },
  {
    name: 'apply --prune removes what is gone from the set',
    steps: [
      {
        kubectl: 'apply -n $NS -l set=p --prune --prune-allowlist=core/v1/ConfigMap -f -',
        input: configMap('one', '{}', ',"labels":{"set":"p"}'),
      },
      {
        kubectl: 'apply -n $NS -l set=p --prune --prune-allowlist=core/v1/ConfigMap -f -',
        input: configMap('two', '{}', ',"labels":{"set":"p"}'),
        stdout: /configmap\/one pruned/,
      },
    ],
  },
]

const services: readonly ApiCase[] = [
  {
    name: 'a Service gets an address and its defaults',
    steps: [
      { kubectl: 'apply -n $NS -f -', input: SERVICE },
      {
        kubectl: 'get service web -n $NS',
        stdout: /web +ClusterIP +10\.\d+\.\d+\.\d+ +<none> +80\/TCP,53\/UDP/,
      },
      {
        kubectl:
          'get service web -n $NS -o jsonpath={.spec.type}/{.spec.sessionAffinity}/{.spec.internalTrafficPolicy}/{.spec.ports[1].targetPort}',
        stdout: /^ClusterIP\/None\/Cluster\/53$/,
      },
    ],
  },
  {
    name: 'a headless Service has no address',
    steps: [
      { kubectl: 'create service clusterip bare -n $NS --clusterip=None' },
      {
        kubectl: 'get service bare -n $NS -o jsonpath={.spec.clusterIP}/{.spec.clusterIPs}',
        stdout: /^None\/\["None"\]$/,
      },
    ],
  },
  {
    name: 'the address of a Service cannot be changed',
    steps: [
      { kubectl: 'apply -n $NS -f -', input: SERVICE },
      {
        kubectl: `patch service web -n $NS -p '{"spec":{"clusterIP":"10.96.77.7","clusterIPs":["10.96.77.7"]}}'`,
        code: 1,
        stderr: /spec\.clusterIPs\[0\]: Invalid value: .*: may not change once set/,
      },
    ],
  },
  {
    name: 'a NodePort Service gets node ports, and loses them with its type',
    steps: [
      { kubectl: 'create service nodeport np -n $NS --tcp=80', stdout: /created/ },
      { kubectl: 'get service np -n $NS -o jsonpath={.spec.ports[0].nodePort}', stdout: /^3[0-2]\d{3}$/ },
      { kubectl: `patch service np -n $NS -p '{"spec":{"type":"ClusterIP"}}'` },
      { kubectl: 'get service np -n $NS -o jsonpath={.spec.ports[0].nodePort}', stdout: /^$/ },
    ],
  },
  {
    name: 'an ExternalName Service has a name and no address',
    steps: [
      { kubectl: 'create service externalname out -n $NS --external-name=example.com' },
      { kubectl: 'get service out -n $NS', stdout: /out +ExternalName +<none> +example\.com/ },
    ],
  },
  {
    name: 'a Service without ports, or with bad ones, is refused',
    steps: [
      {
        kubectl: 'create -n $NS -f -',
        input: '{"apiVersion":"v1","kind":"Service","metadata":{"name":"none"}}',
        code: 1,
        stderr: /Service "none" is invalid: spec\.ports: Required value/,
      },
      {
        kubectl: 'create -n $NS -f -',
        input:
          '{"apiVersion":"v1","kind":"Service","metadata":{"name":"two"},"spec":{"ports":[{"port":80},{"port":81}]}}',
        code: 1,
        stderr: /spec\.ports\[0\]\.name: Required value[\s\S]*spec\.ports\[1\]\.name: Required value/,
      },
    ],
  },
  {
    name: 'expose makes a Service of a Deployment',
    steps: [
      { kubectl: 'apply -n $NS -f -', input: DEPLOYMENT },
      {
        kubectl: 'expose deployment web -n $NS --port=80 --target-port=8080',
        stdout: /service\/web exposed/,
      },
      { kubectl: 'describe service web -n $NS', stdout: /Selector: +app=web[\s\S]*TargetPort: +8080\/TCP/ },
    ],
  },
  {
    name: 'session affinity gets its three hours',
    steps: [
      {
        kubectl: 'create -n $NS -f -',
        input: SERVICE.replace('selector:', 'sessionAffinity: ClientIP\n  selector:'),
      },
      {
        kubectl: 'get service web -n $NS -o jsonpath={.spec.sessionAffinityConfig.clientIP.timeoutSeconds}',
        stdout: /^10800$/,
      },
    ],
  },
]

const workloads: readonly ApiCase[] = [
  {
    name: 'a Deployment gets its defaults',
    steps: [
      { kubectl: 'create deployment d -n $NS --image=registry.k8s.io/pause:3.10 --replicas=0' },
      {
        kubectl:
          'get deployment d -n $NS -o jsonpath={.spec.strategy.type}/{.spec.strategy.rollingUpdate.maxSurge}/{.spec.revisionHistoryLimit}/{.spec.template.spec.dnsPolicy}',
        stdout: /^RollingUpdate\/25%\/10\/ClusterFirst$/,
      },
      {
        kubectl: 'get deployment d -n $NS',
        stdout: /NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nd +0\/0 +0 +0/,
      },
    ],
  },
  {
    name: 'a selector that does not fit the template is refused',
    steps: [
      {
        kubectl: 'create -n $NS -f -',
        input: DEPLOYMENT.replace('matchLabels: {app: web}', 'matchLabels: {app: other}'),
        code: 1,
        stderr: /`selector` does not match template `labels`/,
      },
    ],
  },
  {
    name: 'the selector of a Deployment cannot be changed',
    steps: [
      { kubectl: 'apply -n $NS -f -', input: DEPLOYMENT },
      {
        kubectl: `patch deployment web -n $NS --type=merge -p '{"spec":{"selector":{"matchLabels":{"app":"x"}},"template":{"metadata":{"labels":{"app":"x"}}}}}'`,
        code: 1,
        stderr: /spec\.selector: Invalid value: [\s\S]*field is immutable/,
      },
    ],
  },
  {
    name: 'generation counts changes of the spec only',
    steps: [
      { kubectl: 'apply -n $NS -f -', input: DEPLOYMENT },
      { kubectl: 'label deployment web -n $NS x=y' },
      { kubectl: 'get deployment web -n $NS -o jsonpath={.metadata.generation}', stdout: /^1$/ },
      { kubectl: 'set env deployment/web -n $NS A=changed' },
      { kubectl: 'get deployment web -n $NS -o jsonpath={.metadata.generation}', stdout: /^2$/ },
    ],
  },
  {
    name: 'scale changes the replicas of a custom resource',
    steps: [
      { kubectl: 'apply -n $NS -f -', input: widget('w', '{"colour":"red"}') },
      { kubectl: 'scale widget w -n $NS --replicas=3', stdout: /scaled/ },
      { kubectl: 'get widget w -n $NS -o jsonpath={.spec.replicas}', stdout: /^3$/ },
      {
        kubectl: 'scale widget w -n $NS --replicas=9 --current-replicas=2',
        code: 1,
        stderr: /Expected replicas to be 2, was 3/,
      },
    ],
  },
  {
    name: 'a StatefulSet refuses changes of its identity',
    steps: [
      {
        kubectl: 'apply -n $NS -f -',
        input: DEPLOYMENT.replace('kind: Deployment', 'kind: StatefulSet').replace(
          'spec:\n',
          'spec:\n  serviceName: web\n',
        ),
      },
      {
        kubectl: `patch statefulset web -n $NS -p '{"spec":{"serviceName":"x"}}'`,
        code: 1,
        stderr: /updates to statefulset spec for fields other than/,
      },
    ],
  },
  {
    name: 'run makes a pod, whose spec is then fixed',
    steps: [
      {
        kubectl: 'run p -n $NS --image=registry.k8s.io/pause:3.10',
        stdout: /pod\/p created/,
        eventually: true,
      },
      { kubectl: 'get pod p -n $NS', stdout: /NAME +READY +STATUS +RESTARTS +AGE\np +\d\/1 / },
      {
        kubectl: `patch pod p -n $NS -p '{"spec":{"hostNetwork":true}}'`,
        code: 1,
        stderr: /pod updates may not change fields other than/,
      },
      { kubectl: 'delete pod p -n $NS --force --grace-period=0' },
    ],
  },
  {
    name: 'rollout restart changes the template, and history is asked for',
    steps: [
      { kubectl: 'apply -n $NS -f -', input: DEPLOYMENT },
      { kubectl: 'rollout restart deployment/web -n $NS', stdout: /restarted/ },
      {
        kubectl: 'get deployment web -n $NS -o jsonpath={.spec.template.metadata.annotations}',
        stdout: /restartedAt/,
      },
    ],
  },
  {
    name: 'rollout status waits for the Deployment controller',
    labOnly: 'writes the status that a controller would write',
    steps: [
      { kubectl: 'apply -n $NS -f -', input: DEPLOYMENT.replace('replicas: 0', 'replicas: 1') },
      {
        kubectl: `patch deployment web -n $NS --subresource=status --type=merge -p '{"status":{"observedGeneration":1,"replicas":1,"updatedReplicas":1,"readyReplicas":1,"availableReplicas":1}}'`,
      },
      { kubectl: 'rollout status deployment/web -n $NS --timeout=10s', stdout: /successfully rolled out/ },
      { kubectl: 'get deployment web -n $NS', stdout: /web +1\/1 +1 +1/ },
    ],
  },
]

const custom: readonly ApiCase[] = [
  {
    name: 'a custom resource is defaulted, shown in its columns and found by its short name',
    steps: [
      {
        kubectl: 'apply -n $NS -f -',
        input: widget('w', '{"colour":"red","size":"3mm","parts":[{"name":"a"}]}'),
      },
      { kubectl: 'get wdg -n $NS', stdout: /NAME +COLOUR +REPLICAS +READY +AGE\nw +red +1 +\d+s/ },
      { kubectl: 'get widgets -n $NS -o wide', stdout: /SIZE\nw .* 3mm/ },
      { kubectl: 'get widget w -n $NS -o jsonpath={.spec.parts[0].count}', stdout: /^5$/ },
      { kubectl: 'get all -n $NS', stdout: /widget\.cases\.fairlead\.dev\/w/ },
    ],
  },
  ...(
    [
      ['a missing field', '{}', /spec\.colour: Required value/],
      [
        'a value outside an enum',
        '{"colour":"pink"}',
        /spec\.colour: Unsupported value: "pink": supported values: "red", "green", "blue"/,
      ],
      [
        'a value outside a pattern',
        '{"colour":"red","size":"big"}',
        /spec\.size: Invalid value: "big": spec\.size in body should match/,
      ],
      [
        'a number over its maximum',
        '{"colour":"red","replicas":11}',
        /spec\.replicas: Invalid value: 11: spec\.replicas in body should be less than or equal to 10/,
      ],
      [
        'a wrong type',
        '{"colour":"red","replicas":"x"}',
        /spec\.replicas: Invalid value: "string": spec\.replicas in body must be of type integer: "string"/,
      ],
      [
        'a wrong format',
        '{"colour":"red","address":"1.2.3"}',
        /spec\.address: Invalid value: "1\.2\.3": spec\.address in body must be of type ipv4/,
      ],
      ['a duplicate of a set', '{"colour":"red","tags":["a","a"]}', /spec\.tags\[1\]: Duplicate value: "a"/],
      [
        'a duplicate key of a list',
        '{"colour":"red","parts":[{"name":"a"},{"name":"a"}]}',
        /spec\.parts\[1\]: Duplicate value: \{"name":"a"\}/,
      ],
      [
        'too many items',
        '{"colour":"red","tags":["a","b","c","d"]}',
        /spec\.tags: Too many: 4: must have at most 3 items/,
      ],
    ] as const
  ).map(
    ([what, spec, stderr]): ApiCase => ({
      name: `a custom resource with ${what} is refused`,
      steps: [{ kubectl: 'apply -n $NS -f -', input: widget('bad', spec), code: 1, stderr }],
    }),
  ),
  {
    name: 'unknown fields of a custom resource are refused, or pruned without validation',
    steps: [
      {
        kubectl: 'apply -n $NS -f -',
        input: widget('w', '{"colour":"red","odd":1}'),
        code: 1,
        stderr: /unknown field "spec\.odd"/,
      },
      {
        kubectl: 'apply -n $NS --validate=false -f -',
        input: widget('w', '{"colour":"red","odd":1,"free":{"any":[1]}}'),
      },
      { kubectl: 'get widget w -n $NS -o jsonpath={.spec.odd}/{.spec.free.any}', stdout: /^\/\[1\]$/ },
    ],
  },
  {
    name: 'status is written through its subresource only',
    steps: [
      { kubectl: 'apply -n $NS -f -', input: widget('w', '{"colour":"red"}') },
      { kubectl: `patch widget w -n $NS --type=merge -p '{"status":{"phase":"Wrong"}}'` },
      { kubectl: 'get widget w -n $NS -o jsonpath={.status.phase}', stdout: /^$/ },
      {
        kubectl: `patch widget w -n $NS --subresource=status --type=merge -p '{"spec":{"colour":"blue"},"status":{"phase":"Right"}}'`,
      },
      {
        kubectl: 'get widget w -n $NS -o jsonpath={.status.phase}/{.spec.colour}/{.metadata.generation}',
        stdout: /^Right\/red\/1$/,
      },
    ],
  },
  {
    name: 'wait ends when a condition is true',
    steps: [
      { kubectl: 'apply -n $NS -f -', input: widget('w', '{"colour":"red"}') },
      {
        kubectl: 'wait widget/w -n $NS --for=condition=Ready --timeout=1s',
        code: 1,
        stderr: /timed out waiting for the condition/,
      },
      {
        kubectl: `patch widget w -n $NS --subresource=status --type=merge -p '{"status":{"conditions":[{"type":"Ready","status":"True"}]}}'`,
      },
      { kubectl: 'wait widget/w -n $NS --for=condition=Ready --timeout=5s', stdout: /condition met/ },
      {
        kubectl: 'wait widget/w -n $NS --for=jsonpath={.spec.colour}=red --timeout=5s',
        stdout: /condition met/,
      },
      { kubectl: 'get widget w -n $NS', stdout: /w +red +1 +True/ },
    ],
  },
  {
    name: 'strategic merge patch is not for custom resources',
    steps: [
      { kubectl: 'apply -n $NS -f -', input: widget('w', '{"colour":"red"}') },
      {
        kubectl: `patch widget w -n $NS --type=strategic -p '{"spec":{"colour":"blue"}}'`,
        code: 1,
        stderr: /is not supported by|UnsupportedMediaType/,
      },
    ],
  },
  {
    name: 'explain reads custom and built-in schemas',
    steps: [
      { kubectl: 'explain widget.spec.colour', stdout: /The colour of the widget/ },
      { kubectl: 'explain service.spec.ports', stdout: /targetPort/ },
      { kubectl: 'explain deployment.spec.template.spec.containers.readinessProbe.httpGet', stdout: /path/ },
      { kubectl: 'explain pod.spec.nothing', code: 1, stderr: /field "nothing" does not exist/ },
    ],
  },
  {
    name: 'a definition that is established can be used at once and takes its objects along',
    steps: [
      {
        kubectl: 'apply -f -',
        input: WIDGET_CRD.replaceAll('cases.fairlead.dev', 'other.fairlead.dev')
          .replace('wdg', 'owdg')
          .replace(', categories: [all]', ''),
      },
      {
        kubectl: 'wait crd/widgets.other.fairlead.dev --for=condition=Established --timeout=10s',
        stdout: /condition met/,
      },
      {
        kubectl: 'apply -n $NS -f -',
        input: widget('w', '{"colour":"red"}').replace('cases.fairlead.dev', 'other.fairlead.dev'),
        eventually: true,
      },
      { kubectl: 'delete crd widgets.other.fairlead.dev', stdout: /deleted/ },
      {
        kubectl: 'get widgets.other.fairlead.dev -n $NS',
        code: 1,
        stderr: /doesn't have a resource type|NotFound|could not find the requested resource/,
        eventually: true,
      },
    ],
  },
  {
    name: 'a definition in a group of the Kubernetes community needs the approval annotation',
    steps: [
      {
        kubectl: 'create -f - --dry-run=server',
        input: WIDGET_CRD.replaceAll('cases.fairlead.dev', 'cases.k8s.io'),
        code: 1,
        stderr:
          /metadata\.annotations\[api-approved\.kubernetes\.io\]: Required value: protected groups must have/,
      },
    ],
  },
  {
    name: 'a definition whose schema is not structural is refused',
    steps: [
      {
        kubectl: 'create -f -',
        input: WIDGET_CRD.replaceAll('cases.fairlead.dev', 'bad.fairlead.dev').replace(
          '{type: integer}',
          '{}',
        ),
        code: 1,
        stderr: /\.type: Required value: must not be empty for specified object fields/,
      },
    ],
  },
]

const access: readonly ApiCase[] = [
  {
    name: 'an administrator may do everything',
    steps: [
      { kubectl: 'auth can-i delete nodes', stdout: /^yes/ },
      { kubectl: 'auth can-i get /metrics', stdout: /^yes/ },
    ],
  },
  {
    name: 'an account may do what it was granted, and nothing else',
    steps: [
      { kubectl: 'create serviceaccount robot -n $NS' },
      { kubectl: 'create role reader -n $NS --verb=get,list --resource=configmaps' },
      { kubectl: 'create rolebinding robot -n $NS --role=reader --serviceaccount=$NS:robot' },
      { kubectl: 'get role,rolebinding -n $NS -o wide', stdout: /Role\/reader[\s\S]*\/robot/ },
      {
        kubectl: `get --raw /apis/rbac.authorization.k8s.io/v1/namespaces/$NS/rolebindings/robot`,
        stdout: /"kind":"ServiceAccount"/,
      },
    ],
  },
  {
    name: 'a token can be made for an account, for a bounded time',
    steps: [
      { kubectl: 'create serviceaccount robot -n $NS' },
      { kubectl: 'create token robot -n $NS --duration=10m', stdout: /^eyJ[\w-]+\.[\w-]+\.[\w-]+\s*$/ },
      {
        kubectl: 'create token robot -n $NS --duration=1m',
        code: 1,
        stderr: /may not specify a duration less than 10 minutes/,
      },
      { kubectl: 'create token nobody -n $NS', code: 1, stderr: /serviceaccounts "nobody" not found/ },
    ],
  },
  {
    name: 'a role without verbs is refused',
    steps: [
      {
        kubectl: 'create -n $NS -f -',
        input:
          '{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"r"},"rules":[{"apiGroups":[""],"resources":["pods"],"verbs":[]}]}',
        code: 1,
        stderr: /rules\[0\]\.verbs: Required value/,
      },
    ],
  },
  {
    name: 'the role of a binding cannot be changed',
    steps: [
      { kubectl: 'create rolebinding b -n $NS --clusterrole=view --user=ann' },
      {
        kubectl: `patch rolebinding b -n $NS --type=merge -p '{"roleRef":{"name":"edit"}}'`,
        code: 1,
        stderr: /cannot change roleRef/,
      },
    ],
  },
]

const times: readonly ApiCase[] = [
  {
    name: 'times of a Lease need six digits',
    steps: [
      {
        kubectl: 'create --validate=false -n $NS -f -',
        input:
          '{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"l"},"spec":{"renewTime":"2026-01-02T03:04:05.123Z"}}',
        code: 1,
        stderr: /parsing time "?\\?"2026-01-02T03:04:05\.123Z\\?"? as/,
      },
      {
        kubectl: 'create -n $NS -f -',
        input:
          '{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"l"},"spec":{"holderIdentity":"me","renewTime":"2026-01-02T03:04:05.123456Z"}}',
      },
      { kubectl: 'get leases -n $NS', stdout: /l +me +\d+s/ },
    ],
  },
  {
    name: 'events come by one API and are read by the other',
    steps: [
      {
        kubectl: 'create -n $NS -f -',
        input:
          '{"apiVersion":"events.k8s.io/v1","kind":"Event","metadata":{"name":"e"},"eventTime":"2026-01-02T03:04:05.123456Z","reportingController":"cases.fairlead.dev/c","reportingInstance":"c-0","action":"Test","reason":"Tested","type":"Normal","note":"it was tested","regarding":{"kind":"ConfigMap","name":"a","namespace":"$NS"}}',
      },
      { kubectl: 'get events -n $NS', stdout: /Tested +configmap\/a +it was tested/ },
      {
        kubectl: 'get events -n $NS --field-selector involvedObject.name=a -o jsonpath={.items[0].message}',
        stdout: /^it was tested$/,
      },
    ],
  },
  {
    name: 'get -o yaml, -o json and custom columns show the object',
    steps: [
      { kubectl: 'create configmap a -n $NS --from-literal=x=1' },
      {
        kubectl: 'get configmap a -n $NS -o yaml',
        stdout: /apiVersion: v1\ndata:\n {2}x: "1"\nkind: ConfigMap/,
      },
      {
        kubectl: 'get configmap a -n $NS -o custom-columns=N:.metadata.name,X:.data.x',
        stdout: /N +X\na +1/,
      },
      { kubectl: 'get configmaps -n $NS --sort-by=.metadata.name --no-headers', stdout: /^a +1 / },
    ],
  },
  {
    name: 'get -w shows what is there and ends with its time',
    steps: [
      { kubectl: 'create configmap a -n $NS' },
      { kubectl: 'get configmap a -n $NS -w --request-timeout=2s', stdout: /NAME +DATA +AGE\na +0/ },
    ],
  },
]

/** The whole table. */
export const API_CASES: readonly ApiCase[] = [
  ...basics,
  ...objects,
  ...deletion,
  ...applying,
  ...services,
  ...workloads,
  ...custom,
  ...access,
  ...times,
]
