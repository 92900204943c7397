import { expect, test } from '@jest/globals'
import { missingTools, versionsOf } from '../../../bench/data-path/tools.ts'

const wrk = { path: '/usr/bin/wrk', version: '4.1.0' }

test('each program that is missing is named with the command that gets it', () => {
  const install = 'apt-get install haproxy nginx libnginx-mod-stream wrk'
  expect(missingTools({ wrk })).toEqual([
    `haproxy is missing: ${install}`,
    `nginx with its stream module is missing: ${install}`,
  ])
})

test('the versions of those that are here are told', () => {
  expect(versionsOf({ wrk })).toEqual({ wrk: '4.1.0' })
})
