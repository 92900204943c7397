import { expect, test } from '@jest/globals'
import { isNewer } from '../../../src/cli/install/crds.ts'

function crd(release: string | undefined, revision?: string) {
  const labels = {
    ...(release === undefined ? {} : { 'multicluster.x-k8s.io/release-version': release }),
    ...(revision === undefined ? {} : { 'multicluster.x-k8s.io/crd-schema-revision': revision }),
  }
  return { metadata: { name: 'serviceexports.multicluster.x-k8s.io', labels } }
}

test.each([
  ['v0.5.1', '0', true],
  ['v0.6.0', '0', true],
  ['v0.10.0', '0', true],
  ['v1.0.0', undefined, true],
  ['v0.5.0', '1', true],
  ['v0.5.0', '0', false],
  ['v0.5.0', undefined, false],
  ['v0.4.9', '7', false],
  [undefined, undefined, false],
  ['unreadable', '9', false],
])(
  'release %s revision %s in the cluster is newer than v0.5.0 revision 0: %s',
  (release, revision, newer) => {
    expect(isNewer(crd(release, revision), crd('v0.5.0', '0'))).toBe(newer)
  },
)

function serving(...versions: string[]) {
  const served = (name: string) => ({ name, served: !name.endsWith('-unserved') })
  return { ...crd(undefined), spec: { versions: versions.map(served) } }
}

test.each([
  [['v1'], true],
  [['v1beta1', 'v1'], true],
  [['v1beta2'], true],
  [['v2beta1', 'v1alpha1'], true],
  [['v1alpha1', 'v1beta1'], false],
  [['v1alpha1'], false],
  [['v2alpha1'], false],
  [['v1-unserved'], false],
  [[], false],
])(
  'without a release, one that serves %j is newer than one that serves v1beta1 and v1alpha1: %s',
  (versions, newer) => {
    expect(isNewer(serving(...versions), serving('v1alpha1', 'v1beta1'))).toBe(newer)
  },
)
