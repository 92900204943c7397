import { expect, test } from '@jest/globals'
import { clusterOrder, clusterTiers, type TierRules } from '../../../src/api/cluster-tiers.ts'
import { DEFAULT_TRAFFIC } from '../../../src/api/traffic-settings.ts'

type Row = readonly [
  what: string,
  rules: Partial<Omit<TierRules, 'weights'>> & { weights?: Record<string, number> },
  ready: string,
  tiers: string,
]

/** Seen from cluster west. */
const ROWS: readonly Row[] = [
  ['by default the own cluster comes first, the others alike', {}, 'east north west', 'west | east north'],
  ['by default, without own endpoints, all others alike', {}, 'east north', 'east north'],
  ['Any: all alike', { locality: 'Any' }, 'east west', 'east west'],
  ['RequireLocal: the own cluster', { locality: 'RequireLocal' }, 'east west', 'west'],
  ['RequireLocal: without own endpoints nobody', { locality: 'RequireLocal' }, 'east', ''],
  [
    'Failover: in order, then the others alike',
    { locality: 'Failover', failover: ['south', 'east', 'west'] },
    'a b east west',
    'east | west | a b',
  ],
  ['a failover list says nothing about other localities', { failover: ['east'] }, 'east west', 'west | east'],
  ['weight 0: behind all others', { locality: 'Any', weights: { east: 0 } }, 'east west', 'west | east'],
  ['weight 0 drains the own cluster too', { weights: { west: 0 } }, 'east west', 'east | west'],
  [
    'weight 0 drains the first of a failover order',
    { locality: 'Failover', failover: ['east', 'west'], weights: { east: 0 } },
    'east west north',
    'west | north | east',
  ],
  ['weight 0 is used when there is nothing else', { weights: { east: 0, a: 0 } }, 'a east', 'a east'],
  [
    'RequireLocal stays at home with weight 0',
    { locality: 'RequireLocal', weights: { west: 0 } },
    'east west',
    'west',
  ],
  [
    'other weights change shares, not the order',
    { locality: 'Any', weights: { east: 9 } },
    'east west',
    'east west',
  ],
  ['nobody ready: nobody', { locality: 'Any' }, '', ''],
]

test.each(ROWS)('%s', (_what, { weights = {}, ...rules }, ready, tiers) => {
  const found = clusterTiers(
    { ...DEFAULT_TRAFFIC, ...rules, weights: new Map(Object.entries(weights)) },
    'west',
    ready
      .split(' ')
      .filter((name) => name !== '')
      .map((cluster) => ({ cluster })),
  )
  expect(found.map((tier) => tier.map(({ cluster }) => cluster).join(' ')).join(' | ')).toBe(tiers)
})

const RANKED: readonly Row[] = [
  ['better ranks come first', {}, 'east west', 'east | west'],
  ['the own cluster comes first among its equals', {}, 'north west', 'west | north'],
  ['weights drain behind all ranks', { weights: { east: 0 } }, 'east north west', 'west | north | east'],
  ['RequireLocal stays at home whatever its rank', { locality: 'RequireLocal' }, 'east west', 'west'],
]

test.each(RANKED)('by selectors: %s', (_what, { weights = {}, ...rules }, ready, tiers) => {
  const settings = { ...DEFAULT_TRAFFIC, ...rules, weights: new Map(Object.entries(weights)) }
  const clusters = ready.split(' ').map((cluster) => ({ cluster }))
  const found = clusterTiers(settings, 'west', clusters, (cluster) => (cluster === 'east' ? 0 : 1))
  expect(found.map((tier) => tier.map(({ cluster }) => cluster).join(' ')).join(' | ')).toBe(tiers)
})

test('each group says which rule puts it behind the first, and who is left out is named', () => {
  const rankOf = (cluster: string) => (cluster.startsWith('far') ? 1 : 0)
  const rules = { ...DEFAULT_TRAFFIC, weights: new Map([['off', 0]]) }
  const ready = ['far1', 'off', 'west', 'near'].map((cluster) => ({ cluster }))
  const names = (clusters: readonly { cluster: string }[]) => clusters.map(({ cluster }) => cluster).join(' ')
  const order = clusterOrder(rules, 'west', ready, rankOf)
  expect(order.tiers.map(({ clusters, behind }) => [names(clusters), behind])).toEqual([
    ['west', undefined],
    ['near', 'PreferLocal'],
    ['far1', 'ClusterSelectors'],
    ['off', 'ZeroWeight'],
  ])
  expect(order.excluded).toEqual([])
  const home = clusterOrder({ ...rules, locality: 'RequireLocal' }, 'west', ready)
  expect([home.tiers.map(({ clusters }) => names(clusters)), names(home.excluded)]).toEqual([
    ['west'],
    'far1 off near',
  ])
})
