import { expect, test } from '@jest/globals'
import { FlowCondition } from '../../../src/amqp/flow-transport.ts'
import { createMetrics } from '../../../src/core/metrics.ts'
import { FlowMetrics } from '../../../src/router/flow-stats.ts'

test('plain numbers of the data path are read at each scrape', async () => {
  const metrics = createMetrics()
  const { ingress } = new FlowMetrics(metrics)
  ingress.open += 2
  ingress.receivedBytes += 100
  expect(await metrics.text()).toContain('fairlead_router_ingress_flows 2')
  ingress.receivedBytes += 50
  const text = await metrics.text()
  expect(text).toContain('fairlead_router_ingress_received_bytes_total 150')
  expect(text).toContain('# TYPE fairlead_router_ingress_received_bytes_total counter')
})

test('failures are counted by condition, and conditions that peers make up are one', async () => {
  const metrics = createMetrics()
  const { egress } = new FlowMetrics(metrics)
  egress.failed(FlowCondition.noBackend)
  for (const made of ['evil:1', 'evil:2']) egress.failed(made)
  const text = await metrics.text()
  expect(text).toContain('{side="egress",reason="fairlead:no-backend"} 1')
  expect(text).toContain('{side="egress",reason="other"} 2')
  expect(text).not.toContain('evil')
})
