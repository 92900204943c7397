/** On which node pods go. */
import { describe, expect, test } from '@jest/globals'
import { place } from '../../../../src/lab/scheduler/placement.ts'
import type { SchedulableNode, SchedulablePod } from '../../../../src/lab/scheduler/schedulable.ts'

const node = (name: string, more: Partial<SchedulableNode> = {}, labels = {}): SchedulableNode => ({
  metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
  ...more,
})

const pod = (spec: SchedulablePod['spec'] = {}, labels = {}, namespace = 'demo'): SchedulablePod => ({
  metadata: { name: 'web', namespace, labels: { app: 'web', ...labels } },
  spec,
})
const on = (nodeName: string, labels = {}, namespace?: string) => pod({ nodeName }, labels, namespace)

const ONE = node('one')
const TWO = node('two')
const WEB = { matchLabels: { app: 'web' } }
const HOST = 'kubernetes.io/hostname'

describe('a pod', () => {
  test('goes to the node with the fewest pods, and among equals to the first', () => {
    expect(place(pod(), [TWO, ONE], [])).toEqual({ node: 'one' })
    expect(place(pod(), [ONE, TWO], [on('one'), on('two'), on('one', { app: 'other' })])).toEqual({
      node: 'two',
    })
    const finished = { ...on('one'), status: { phase: 'Succeeded' } }
    expect(place(pod(), [ONE, TWO], [finished, on('two')])).toEqual({ node: 'one' })
  })

  test('goes to no node that is cordoned, not ready, tainted or not selected, and says why', () => {
    const nodes = [
      node('a', { spec: { unschedulable: true } }),
      node('b', { status: { conditions: [{ type: 'Ready', status: 'False' }] } }),
      node('c', { spec: { taints: [{ key: 'gpu', value: 'x', effect: 'NoSchedule' }] } }),
      node('d'),
      node('e'),
    ]
    expect(place(pod({ nodeSelector: { disk: 'fast' } }), nodes, [])).toEqual({
      reason:
        "0/5 nodes are available: 1 node(s) were unschedulable, 1 node(s) were not ready, 1 node(s) had untolerated taint {gpu: x}, 2 node(s) didn't match Pod's node affinity/selector.",
    })
    expect(place(pod(), [], [])).toEqual({ reason: '0/0 nodes are available: there is none yet.' })
  })

  test('goes where it tolerates what speaks against it', () => {
    const tainted = node('c', { spec: { taints: [{ key: 'gpu', value: 'x', effect: 'NoSchedule' }] } })
    const wants = (toleration: object) => place(pod({ tolerations: [toleration] }), [tainted], [])
    expect(wants({ key: 'gpu', value: 'x' })).toEqual({ node: 'c' })
    expect(wants({ operator: 'Exists' })).toEqual({ node: 'c' })
    expect(wants({ key: 'gpu', value: 'y' })).toHaveProperty('reason')
    const soft = node('s', { spec: { taints: [{ key: 'gpu', effect: 'PreferNoSchedule' }] } })
    expect(place(pod(), [soft], [])).toEqual({ node: 's' })
  })

  test('goes where its node selector and its node affinity lead', () => {
    const fast = node('z', {}, { disk: 'fast' })
    expect(place(pod({ nodeSelector: { disk: 'fast' } }), [ONE, fast], [])).toEqual({ node: 'z' })
    const terms = [{ matchExpressions: [{ key: HOST, operator: 'In', values: ['two'] }] }]
    const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } }
    expect(place(pod({ affinity: { nodeAffinity } }), [ONE, TWO], [])).toEqual({ node: 'two' })
  })

  test('spreads with its like, as far as it can or as it must', () => {
    const spread = (whenUnsatisfiable: 'DoNotSchedule' | 'ScheduleAnyway') =>
      pod({
        topologySpreadConstraints: [{ maxSkew: 1, topologyKey: HOST, whenUnsatisfiable, labelSelector: WEB }],
      })
    const others = [on('two', { app: 'other' }), on('two', { app: 'other' })]
    expect(place(spread('ScheduleAnyway'), [ONE, TWO], [on('one'), ...others])).toEqual({ node: 'two' })
    const cordoned = node('two', { spec: { unschedulable: true } })
    expect(place(spread('ScheduleAnyway'), [ONE, cordoned], [on('one')])).toEqual({ node: 'one' })
    expect(place(spread('DoNotSchedule'), [ONE, cordoned], [on('one')])).toEqual({
      reason: expect.stringContaining("1 node(s) didn't match pod topology spread constraints"),
    })
    expect(place(spread('DoNotSchedule'), [ONE, TWO], [on('one', {}, 'elsewhere'), ...others])).toEqual({
      node: 'one',
    })
  })

  test('keeps away from those it does not want beside it, and near those it does', () => {
    const term = { topologyKey: HOST, labelSelector: WEB }
    const required = { requiredDuringSchedulingIgnoredDuringExecution: [term] }
    const preferred = {
      preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term }],
    }
    const alone = pod({ affinity: { podAntiAffinity: required } })
    expect(place(alone, [ONE, TWO], [on('one'), on('two', { app: 'x' }), on('two', { app: 'x' })])).toEqual({
      node: 'two',
    })
    expect(place(alone, [ONE, TWO], [on('one'), on('two')])).toHaveProperty('reason')
    const shy = pod({ affinity: { podAntiAffinity: preferred } })
    expect(place(shy, [ONE, TWO], [on('one'), on('two', { app: 'x' }), on('two', { app: 'x' })])).toEqual({
      node: 'two',
    })
    const company = pod({ affinity: { podAffinity: required } })
    expect(place(company, [ONE, TWO], [on('two')])).toEqual({ node: 'two' })
    expect(place(company, [ONE, TWO], [])).toEqual({ node: 'one' })
  })
})
