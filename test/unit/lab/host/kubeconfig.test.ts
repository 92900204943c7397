/** The kubeconfig of a lab. */
import { expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { kubeconfig } from '../../../../src/lab/host/kubeconfig.ts'

const entry = (name: string, port: number) => ({
  name,
  server: `https://127.0.0.1:${port}`,
  caPem: 'CA',
  client: { certPem: 'CERT', keyPem: 'KEY' },
})

test('there is a context for every cluster, and the first one is current', () => {
  const config = parse(kubeconfig([entry('east', 1), entry('west', 2)]))
  expect(config['current-context']).toBe('east')
  expect(config.contexts.map((context: { name: string }) => context.name)).toEqual(['east', 'west'])
  expect(config.clusters[1]).toEqual({
    name: 'west',
    cluster: { server: 'https://127.0.0.1:2', 'certificate-authority-data': 'Q0E=' },
  })
  expect(config.users[0].user).toEqual({ 'client-certificate-data': 'Q0VSVA==', 'client-key-data': 'S0VZ' })
})
