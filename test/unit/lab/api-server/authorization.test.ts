import { describe, expect, test } from '@jest/globals'
import { loadTokenKey, TokenIssuer } from '../../../../src/lab/api-server/authn/service-account-tokens.ts'
import { type Attributes, covers, readRule } from '../../../../src/lab/api-server/authz/rules.ts'
import { parseRequest } from '../../../../src/lab/api-server/http/request-info.ts'

const NOW = Date.UTC(2026, 0, 1)

describe('a service-account token', () => {
  const issuer = new TokenIssuer(loadTokenKey(undefined))
  const subject = { namespace: 'n', name: 'robot', uid: 'u-1' }
  const token = issuer.issue(subject, ['a', 'b'], NOW, 600)

  test('says whose it is and for whom', () => {
    expect(issuer.verify(token, NOW)).toMatchObject({
      ...subject,
      audiences: ['a', 'b'],
      expires: NOW / 1000 + 600,
    })
  })

  test('ends with its time', () => {
    expect(issuer.verify(token, NOW + 599_000)).toBeDefined()
    expect(issuer.verify(token, NOW + 600_000)).toBeUndefined()
  })

  test('is refused when changed, unsigned or signed by another', () => {
    const [header, payload, signature] = token.split('.')
    const none = Buffer.from('{"alg":"none"}').toString('base64url')
    const forged = [
      `${header}.${payload}x.${signature}`,
      `${none}.${payload}.`,
      `${header}.${payload}.`,
      'x',
      '',
    ]
    expect(forged.map((text) => issuer.verify(text, NOW))).toEqual(forged.map(() => undefined))
    expect(new TokenIssuer(loadTokenKey(undefined)).verify(token, NOW)).toBeUndefined()
  })
})

describe('an RBAC rule', () => {
  const ask = (verb: string, resource: string, name = '', group = ''): Attributes => {
    const [plain = '', subresource = ''] = resource.split('/')
    return { verb, group, resource: plain, subresource, name, namespace: 'n' }
  }
  test.each([
    [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }, ask('get', 'pods'), true],
    [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }, ask('get', 'pods/log'), false],
    [{ apiGroups: [''], resources: ['pods/log'], verbs: ['get'] }, ask('get', 'pods/log'), true],
    [{ apiGroups: [''], resources: ['*/scale'], verbs: ['*'] }, ask('update', 'x/scale'), true],
    [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }, ask('delete', 'x/y', '', 'g'), true],
    [{ apiGroups: ['apps'], resources: ['*'], verbs: ['get'] }, ask('get', 'pods'), false],
    [
      { apiGroups: [''], resources: ['pods'], resourceNames: ['a'], verbs: ['get', 'list'] },
      ask('get', 'pods', 'a'),
      true,
    ],
    [
      { apiGroups: [''], resources: ['pods'], resourceNames: ['a'], verbs: ['get', 'list'] },
      ask('list', 'pods'),
      false,
    ],
    [{ nonResourceURLs: ['/api/*'], verbs: ['get'] }, { verb: 'get', path: '/api/v1' }, true],
    [{ nonResourceURLs: ['/api'], verbs: ['get'] }, { verb: 'get', path: '/api/v1' }, false],
  ])('%j on %j is %j', (rule, asked, expected) => {
    expect(covers(readRule(rule), asked)).toBe(expected)
  })
})

describe('a path', () => {
  test.each([
    [
      'GET',
      '/api/v1/namespaces/n/pods/p/log',
      { verb: 'get', namespace: 'n', resource: 'pods', name: 'p', subresource: 'log' },
    ],
    ['GET', '/api/v1/pods', { verb: 'list', namespace: undefined, resource: 'pods', name: undefined }],
    ['GET', '/api/v1/pods?watch=true', { verb: 'watch' }],
    ['GET', '/api/v1/namespaces/n', { verb: 'get', namespace: 'n', resource: 'namespaces', name: 'n' }],
    [
      'PUT',
      '/api/v1/namespaces/n/finalize',
      { verb: 'update', resource: 'namespaces', name: 'n', subresource: 'finalize' },
    ],
    [
      'DELETE',
      '/apis/apps/v1/namespaces/n/deployments',
      { verb: 'deletecollection', group: 'apps', version: 'v1' },
    ],
    [
      'GET',
      '/api/v1/pods?fieldSelector=metadata.name%3Dx',
      { verb: 'list', name: undefined, authorizedName: 'x' },
    ],
    ['GET', '/apis/apps/v1', { kind: 'path', verb: 'get' }],
  ])('%s %s is understood', (method, path, expected) => {
    expect(parseRequest(method, new URL(path, 'https://server'))).toMatchObject(expected)
  })

  test('that cannot be decoded is not', () => {
    expect(parseRequest('GET', new URL('/api/v1/pods/%E0%A4%A', 'https://server'))).toBeUndefined()
  })
})
