import { expect, test } from '@jest/globals'
import { createMetrics } from '../../../src/core/metrics.ts'
import { createBufferBudget, defaultBufferMemory } from '../../../src/router/memory-budget.ts'

const MI = 1024 * 1024

test.each([
  ['a quarter of what the container may use', { constrained: 1024 * MI, total: 8192 * MI }, 256 * MI],
  ['a quarter of the machine without a limit', { constrained: 0, total: 4096 * MI }, 1024 * MI],
  [
    'a quarter of the machine when the limit is beyond it',
    { constrained: 2 ** 64, total: 4096 * MI },
    1024 * MI,
  ],
  ['never too little to work with', { constrained: 64 * MI, total: 8192 * MI }, 32 * MI],
  ['never more than buffers can be of use', { constrained: 0, total: 2 ** 40 }, 2048 * MI],
])('buffers get %s', (_name, memory, bytes) => {
  expect(defaultBufferMemory(memory)).toBe(bytes)
})

test('metrics tell what is buffered, by use, and the limit', async () => {
  const metrics = createMetrics()
  const budget = createBufferBudget(1000, metrics)
  budget.use('received').add(7)
  budget.use('retained').add(5)
  budget.take(20)
  const text = await metrics.text()
  expect(text).toContain('fairlead_router_buffer_bytes{use="received"} 7')
  expect(text).toContain('fairlead_router_buffer_bytes{use="retained"} 5')
  expect(text).toContain('fairlead_router_buffer_taken_bytes 20')
  expect(text).toContain('fairlead_router_buffer_limit_bytes 1000')
})
