import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  hasForeignBlock,
  reloadsItself,
  withForwarding,
  withoutForwarding,
} from '../../../src/cli/install/corefile.ts'
import { KUBEADM } from '../../support/kubeadm-corefile.ts'

test('the block is added after what is there, and again changes nothing', () => {
  const wired = withForwarding(KUBEADM, '10.96.7.7')
  expect(wired).toBe(`${KUBEADM}# fairlead begin
clusterset.local:53 {
    errors
    forward . 10.96.7.7
}
# fairlead end
`)
  expect(withForwarding(wired, '10.96.7.7')).toBe(wired)
})

test('another address replaces the old one and nothing else, not even what the user changed in the block', () => {
  const wired = withForwarding(KUBEADM, '10.96.7.7')
  const edited = wired.replace('    forward . 10.', '    log\n    forward . 10.')
  expect(withForwarding(edited, '10.96.8.8')).toBe(edited.replace('10.96.7.7', '10.96.8.8'))
})

test('taking the block out gives the text as it was, with edits made around it since', () => {
  const wired = withForwarding(KUBEADM, '10.96.7.7')
  expect(withoutForwarding(wired)).toBe(KUBEADM)
  const later = `${wired.replace('ttl 30', 'ttl 5')}example.org:53 {\n    forward . 9.9.9.9\n}\n`
  expect(withoutForwarding(later)).toBe(
    `${KUBEADM.replace('ttl 30', 'ttl 5')}example.org:53 {\n    forward . 9.9.9.9\n}\n`,
  )
  expect(withoutForwarding(KUBEADM)).toBe(KUBEADM)
})

test('wiring and unwiring any text brings it back, apart from white space at its ends', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', '.', ' ', '\n', '{', '}', '#', '\t', 'fairlead', 'forward .'),
  })
  fc.assert(
    fc.property(text, (corefile) => {
      expect(withoutForwarding(withForwarding(corefile, '10.0.0.1')).trim()).toBe(corefile.trim())
    }),
  )
})

test.each([
  ['clusterset.local {\n}', true],
  ['clusterset.local:53 {\n}', true],
  ['example.org clusterset.local.:53 {\n}', true],
  ['.:53 {\n    kubernetes cluster.local clusterset.local\n}', false],
  ['# clusterset.local {', false],
  ['not-clusterset.local.example:53 {\n}', false],
  [withForwarding(KUBEADM, '10.96.7.7'), false],
])('a block for the zone that is not ours is recognised: %j', (corefile, foreign) => {
  expect(hasForeignBlock(corefile)).toBe(foreign)
})

test('only a Corefile with the reload plugin is read again by itself', () => {
  expect(reloadsItself(KUBEADM)).toBe(true)
  expect(reloadsItself(KUBEADM.replace('reload', ''))).toBe(false)
})
