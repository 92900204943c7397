import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { AuditLog } from '../../../../src/lab/api-server/audit/audit-log.ts'
import { knownUser } from '../../../../src/lab/api-server/authn/user.ts'
import { FakeClock } from '../../../support/fake-clock.ts'

const USER = knownUser('system:serviceaccount:fairlead-system:fairlead-dns', [])

test('every request is a line, and the file starts again when it has grown past its bound', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'audit-'))
  const file = join(folder, 'audit.log')
  const log = new AuditLog(new FakeClock(), file, 4000)
  const lines = async () => (await readFile(file, 'utf8')).trimEnd().split('\n')
  try {
    const path = (number: number) => `/version/${number}`
    log.write(USER, { kind: 'path', verb: 'get', path: path(0) }, 200)
    expect(JSON.parse((await lines()).join())).toMatchObject({
      user: { username: USER.name },
      verb: 'get',
      responseStatus: { code: 200 },
    })
    for (let number = 1; number < 50; number++) {
      log.write(USER, { kind: 'path', verb: 'get', path: path(number) }, 403)
    }
    expect((await readFile(file)).length).toBeLessThan(4500)
    expect((await lines()).at(-1)).toContain(path(49))
  } finally {
    log.close()
    await rm(folder, { recursive: true })
  }
})
