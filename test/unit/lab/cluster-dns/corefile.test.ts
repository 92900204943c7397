import { describe, expect, test } from '@jest/globals'
import { CorefileError, forwardRules } from '../../../../src/lab/cluster-dns/corefile.ts'
import { defaultCorefile } from '../../../../src/lab/cluster-dns/default-corefile.ts'

const SYSTEM = [{ host: '192.0.2.1', port: 53 }]
const rules = (text: string) => forwardRules(text, SYSTEM)

test("kubeadm's Corefile sends everything else to the resolvers of the host", () => {
  expect(rules(defaultCorefile('cluster.local'))).toEqual([{ zone: '', upstreams: SYSTEM }])
})

test('a block for another zone behind the default one is a rule of its own', () => {
  const block = `
# fairlead: begin
clusterset.local:53 {
    errors
    cache 5
    forward . 10.96.3.7 10.96.3.8:5353 [fd00::7]:53 fd00::8
}
# fairlead: end
`
  expect(rules(defaultCorefile('cluster.local') + block)).toEqual([
    { zone: '', upstreams: SYSTEM },
    {
      zone: 'clusterset.local',
      upstreams: [
        { host: '10.96.3.7', port: 53 },
        { host: '10.96.3.8', port: 5353 },
        { host: 'fd00::7', port: 53 },
        { host: 'fd00::8', port: 53 },
      ],
    },
  ])
})

describe('keys of a block', () => {
  const zones = (keys: string) => rules(`${keys} {\n forward . 10.0.0.1\n}`).map((rule) => rule.zone)
  test.each([
    [
      'several, with commas and without',
      'a.example, b.example c.example.:53',
      ['a.example', 'b.example', 'c.example'],
    ],
    ['upper case and dots at the end', 'ClusterSet.LOCAL.', ['clusterset.local']],
    ['the root', '.', ['']],
    ['a scheme', 'dns://example.org:53', ['example.org']],
    ['another port', 'example.org:5353', []],
    ['another protocol', 'tls://example.org', []],
  ])('%s', (_name, keys, expected) => {
    expect(zones(keys)).toEqual(expected)
  })
})

test('a forward line may narrow the zone itself', () => {
  expect(rules('.:53 {\n forward corp.example 10.0.0.1\n forward . /etc/resolv.conf\n}')).toEqual([
    { zone: 'corp.example', upstreams: [{ host: '10.0.0.1', port: 53 }] },
    { zone: '', upstreams: SYSTEM },
  ])
})

test('bodies of directives are passed over', () => {
  const text = '.:53 {\n forward . 10.0.0.1 {\n  policy sequential\n }\n cache {\n  success 10\n }\n}'
  expect(rules(text)).toHaveLength(1)
})

test.each([
  ['a } too many', '.:53 {\n}\n}', 'line 3'],
  ['a } that is missing', '.:53 {\n forward . 10.0.0.1', 'missing at the end'],
  ['a forward without targets', '.:53 {\n forward .\n}', 'line 2: forward needs FROM and TO'],
  ['a target that is no address', '.:53 {\n forward . dns.example\n}', 'line 2: forward to dns.example'],
])('%s is an error that says where', (_name, text, message) => {
  expect(() => rules(text)).toThrow(CorefileError)
  expect(() => rules(text)).toThrow(message)
})
