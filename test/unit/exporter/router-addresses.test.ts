import { expect, test } from '@jest/globals'
import { routerAddresses } from '../../../src/exporter/router-addresses.ts'
import { endpoint, slice } from '../../support/exporter-objects.ts'

test('imports point to the ready routers, sorted, each once', () => {
  const slices = [
    slice([endpoint('10.0.0.2'), endpoint('10.0.0.3', { ready: false })]),
    slice([endpoint('10.0.0.1'), endpoint('10.0.0.2')]),
  ]
  expect(routerAddresses(slices)).toEqual(['10.0.0.1', '10.0.0.2'])
})

test('routers with addresses of both families are listed with both', () => {
  const six = {
    ...slice([endpoint('fd00::1'), endpoint('fd00::2', { ready: false })]),
    addressType: 'IPv6' as const,
  }
  expect(routerAddresses([slice([endpoint('10.0.0.1')]), six])).toEqual(['10.0.0.1', 'fd00::1'])
})

test('when no router is ready imports point to those that may come back', () => {
  expect(routerAddresses([slice([endpoint('10.0.0.3', { ready: false })])])).toEqual(['10.0.0.3'])
})
