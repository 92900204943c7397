/**
 * What the processes may do in Kubernetes: the manifests and the table in docs/security.md say the same. Whoever adds a
 * rule adds its row, with what it is for.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { parseAllDocuments } from 'yaml'
import type { KubeObject } from '../../../src/api/objects.ts'
import { everyManifest } from '../../support/manifests.ts'
import { ROOT } from '../../support/source-tree.ts'

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly verbs: readonly string[]
}
interface Role extends KubeObject {
  readonly rules: readonly Rule[]
}
interface Binding extends KubeObject {
  readonly roleRef: { readonly kind: string; readonly name: string }
  readonly subjects: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[]
}

/** One verb on one resource (`services`, `links/status.fairlead.dev`), of one name or of any. */
interface Grant {
  readonly verb: string
  readonly resource: string
  readonly name: string
}

const manifests = await everyManifest()
const page = readFileSync(join(ROOT, 'docs/security.md'), 'utf8')
const [section = ''] = page.split('\n## Kubernetes rights\n')[1]?.split('\n## ') ?? []
const NAMESPACED = 'overlays/namespaced'
const GLOBALNET = 'overlays/globalnet'

function grantsOf({ apiGroups, resources, resourceNames = [''], verbs }: Rule): Grant[] {
  return apiGroups.flatMap((group) =>
    resources.flatMap((resource) =>
      resourceNames.flatMap((name) =>
        verbs.map((verb) => ({ verb, resource: group === '' ? resource : `${resource}.${group}`, name })),
      ),
    ),
  )
}

const ofKind = <T extends KubeObject>(folder: string, ...kinds: string[]) =>
  (manifests.get(folder) ?? []).filter(({ kind = '' }) => kinds.includes(kind)) as T[]
const rolesOf = (folder: string) => ofKind<Role>(folder, 'Role', 'ClusterRole')
const bindingsOf = (folder: string) => ofKind<Binding>(folder, 'RoleBinding', 'ClusterRoleBinding')

/** `process | where | verb resource name` of all that an install grants. */
function granted(folder: string): Set<string> {
  const lines = bindingsOf(folder).flatMap(({ kind, roleRef, subjects }) => {
    const role = rolesOf(folder).find(
      (each) => each.kind === roleRef.kind && each.metadata.name === roleRef.name,
    )
    const where = kind === 'ClusterRoleBinding' ? 'all namespaces' : 'own namespace'
    return subjects.flatMap(({ name }) =>
      (role?.rules ?? []).flatMap(grantsOf).map((grant) => line(name.replace('fairlead-', ''), where, grant)),
    )
  })
  return new Set(lines)
}

const line = (process: string, where: string, { verb, resource, name }: Grant) =>
  `${process} | ${where} | ${verb} ${resource} ${name}`.trimEnd()

/** The rows of the table, by which install has them. */
function documented(): { readonly always: Set<string>; readonly globalnet: Set<string> } {
  const words = (cell: string) =>
    cell
      .replaceAll('`', '')
      .split(', ')
      .map((word) => word.trim())
  const rows = [...section.matchAll(/^\| (router|controller|dns|agent) \| (.*) \|$/gm)]
  const [always, globalnet] = [new Set<string>(), new Set<string>()]
  for (const [, process = '', rest = ''] of rows) {
    const [where = '', verbs = '', resources = '', names = '', reason = ''] = rest
      .split('|')
      .map((cell) => cell.trim())
    expect([process, resources, reason]).not.toContain('')
    const [place = '', condition] = where.split(', ')
    for (const verb of words(verbs))
      for (const resource of words(resources))
        for (const name of words(names))
          (condition === undefined ? always : globalnet).add(line(process, place, { verb, resource, name }))
  }
  return { always, globalnet }
}

const sorted = (lines: Iterable<string>) => [...lines].sort()
const all = [...manifests.keys()]

test('the table of docs/security.md has every rule of an install, and no other', () => {
  expect(sorted(granted('base'))).toEqual(sorted(documented().always))
})

test('with global addresses the rows that say so are added', () => {
  const added = [...granted(GLOBALNET)].filter((each) => !granted('base').has(each))
  expect(sorted(added)).toEqual(sorted(documented().globalnet))
})

test('no other overlay changes what a process may do', () => {
  const others = all.filter((folder) => ![NAMESPACED, GLOBALNET, 'overlays/admission'].includes(folder))
  for (const folder of others) expect(sorted(granted(folder))).toEqual(sorted(granted('base')))
})

/** What is of no namespace: a member of one namespace does without. */
const CLUSTER_RESOURCES =
  /\| \w+ (namespaces|nodes|customresourcedefinitions\.apiextensions\.k8s\.io|clusterproperties\.about\.k8s\.io)( [^|]*)?$/

/** Inviting and joining: a member of one namespace is given its authority by who installs it. */
const JOINING =
  /\| \w+ ((invites|joinrequests)(\/status)?\.fairlead\.dev|secrets fairlead-(invites|join|join-key))$|\| (create|patch) links\.fairlead\.dev$/

test('a member of one namespace may do the same there, but for what is of the whole cluster', () => {
  const whole = [...granted('base')]
    .filter((each) => !CLUSTER_RESOURCES.test(each) && !JOINING.test(each))
    .map((each) => each.replace('all namespaces', 'own namespace'))
  expect(sorted(granted(NAMESPACED))).toEqual(sorted(new Set(whole)))
  expect(rolesOf(NAMESPACED).filter(({ kind }) => kind !== 'Role')).toEqual([])
})

test('the role that installs such a member can grant all of that', () => {
  const text = readFileSync(join(ROOT, 'examples/namespaced/team-installer.yaml'), 'utf8')
  const [role] = parseAllDocuments(text).map((document) => document.toJS() as Role)
  const has = new Set(
    (role?.rules ?? []).flatMap(grantsOf).map(({ verb, resource }) => `${verb} ${resource}`),
  )
  const wanted = rolesOf(NAMESPACED)
    .flatMap(({ rules }) => rules)
    .flatMap(grantsOf)
  expect(wanted.filter(({ verb, resource }) => !has.has(`${verb} ${resource}`))).toEqual([])
})

describe.each(all)('in manifests/%s', (folder) => {
  test('no rule has a wildcard, or leads to more than it says', () => {
    const grants = rolesOf(folder).flatMap(({ rules }) => rules.flatMap(grantsOf))
    const reach = /\*|^(escalate|bind|impersonate|deletecollection|approve|sign)$/
    const doors =
      /\*|^(pods\/(exec|attach|portforward|proxy|ephemeralcontainers)|nodes\/proxy|services\/proxy|serviceaccounts\/token|serviceaccounts|pods\/status)$|rbac\.authorization|admissionregistration|certificates\.k8s\.io/
    expect(grants.filter(({ verb, resource }) => reach.test(verb) || doors.test(resource))).toEqual([])
  })

  test('Secrets are read by name, in the own namespace, and listed by nobody', () => {
    const secrets = rolesOf(folder).flatMap(({ kind, rules }) =>
      rules.flatMap(grantsOf).map((grant) => ({ kind, ...grant })),
    )
    const bad = secrets.filter(
      // A new one cannot be named in advance.
      ({ kind, verb, resource, name }) =>
        resource === 'secrets' && (kind !== 'Role' || verb === 'list' || (name === '' && verb !== 'create')),
    )
    expect(bad).toEqual([])
  })

  test('rights go to our own service accounts, and from our own roles alone', () => {
    const roles = new Set(rolesOf(folder).map(({ kind, metadata }) => `${kind} ${metadata.name}`))
    for (const { roleRef, subjects, metadata } of bindingsOf(folder)) {
      expect(roles).toContain(`${roleRef.kind} ${roleRef.name}`)
      const namespace = metadata.namespace ?? 'fairlead-system'
      expect(subjects).toEqual([
        { kind: 'ServiceAccount', name: expect.stringMatching(/^fairlead-/), namespace },
      ])
    }
  })
})
