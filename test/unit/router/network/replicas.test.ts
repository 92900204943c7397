import { expect, test } from '@jest/globals'
import { Snapshot } from '../../../../src/core/snapshot.ts'
import { type ReplicaAddress, ReplicaLinks, replicaLinks } from '../../../../src/router/network/replicas.ts'

const at = (name: string, host: string): ReplicaAddress => ({ name, host, port: 5671 })
const THREE = [at('a', '10.0.0.1'), at('b', '10.0.0.2'), at('c', '10.0.0.3')]

test('of each two replicas exactly one dials the other', () => {
  const dialled = THREE.flatMap(({ name }) => replicaLinks(name, THREE).map((link) => `${name}-${link.name}`))
  expect(dialled).toEqual(['a-b', 'a-c', 'b-c'])
})

test('a replica with several addresses is one link with all of them', () => {
  expect(replicaLinks('a', [...THREE, at('b', 'fd00::2')])[0]).toEqual({
    name: 'b',
    cost: 1,
    endpoints: [
      { host: '10.0.0.2', port: 5671 },
      { host: 'fd00::2', port: 5671 },
    ],
  })
})

test('links follow the replicas until they are stopped', async () => {
  const source = new Snapshot<readonly ReplicaAddress[]>(THREE.slice(0, 2))
  const links = new ReplicaLinks('a', source)
  const names = () => links.links.current().links.map(({ name }) => name)
  await links.start()
  expect(names()).toEqual(['b'])
  source.set(THREE)
  expect(names()).toEqual(['b', 'c'])
  await links.stop()
  source.set([])
  expect(names()).toEqual(['b', 'c'])
})
