import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { duplicateKeys } from '../../../../src/lab/api-server/json/duplicate-keys.ts'
import { decodeEnvelope } from '../../../../src/lab/api-server/protobuf/kubernetes-decoder.ts'
import { readFields, WireError } from '../../../../src/lab/api-server/protobuf/wire-reader.ts'
import {
  booleanField,
  bytesField,
  integerField,
  messageField,
  stringField,
} from '../../../../src/lab/api-server/protobuf/wire-writer.ts'

describe('protobuf', () => {
  test('reads the fields it writes', () => {
    const field = fc.oneof(
      fc.record({
        number: fc.integer({ min: 1, max: 5000 }),
        value: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      }),
      fc.record({ number: fc.integer({ min: 1, max: 5000 }), value: fc.string({ minLength: 1 }) }),
    )
    fc.assert(
      fc.property(fc.array(field), (fields) => {
        const written = fields.map(({ number, value }) =>
          typeof value === 'number' ? integerField(number, value) : stringField(number, value),
        )
        const read = [...readFields(Buffer.concat(written))].map(({ number, kind, value }) => ({
          number,
          value: kind === 'varint' ? Number(value) : value.toString(),
        }))
        expect(read).toEqual(fields)
      }),
    )
  })

  test('of any bytes is read or refused, never misread past its end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          for (const field of readFields(Buffer.from(bytes))) expect(field.number).toBeGreaterThanOrEqual(0)
        } catch (error) {
          expect(error).toBeInstanceOf(WireError)
        }
      }),
    )
  })

  const envelope = (apiVersion: string, kind: string, raw: Buffer): Buffer =>
    Buffer.concat([
      Buffer.from('k8s\0'),
      messageField(1, [stringField(1, apiVersion), stringField(2, kind)]),
      bytesField(2, raw),
    ])

  test('of a Service becomes the JSON of a Service', () => {
    const port = messageField(1, [
      stringField(1, 'http'),
      integerField(3, 80),
      messageField(4, [integerField(1, 1), stringField(3, 'web')]),
    ])
    const selector = messageField(2, [stringField(1, 'app'), stringField(2, 'x')])
    const affinity = messageField(14, [messageField(1, [integerField(1, 60)])])
    const spec = messageField(2, [port, selector, booleanField(13, true), affinity])
    const raw = Buffer.concat([messageField(1, [stringField(1, 'web')]), spec])
    expect(decodeEnvelope(envelope('v1', 'Service', raw))).toEqual({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web' },
      spec: {
        ports: [{ name: 'http', port: 80, targetPort: 'web' }],
        selector: { app: 'x' },
        publishNotReadyAddresses: true,
        sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } },
      },
    })
  })

  test('of a volume puts its source beside its name', () => {
    const volume = messageField(1, [stringField(1, 'tmp'), messageField(2, [messageField(2, [])])])
    const raw = messageField(2, [volume])
    expect(decodeEnvelope(envelope('v1', 'Pod', raw))).toMatchObject({
      spec: { volumes: [{ name: 'tmp', emptyDir: {} }] },
    })
  })

  test('of a kind that is not served is not known', () => {
    expect(decodeEnvelope(envelope('v1', 'Gizmo', Buffer.alloc(0)))).toBeUndefined()
  })
})

describe('duplicate keys', () => {
  test.each([
    ['{"a":1,"a":2}', ['a']],
    ['{"a":{"b":1,"b":2},"c":[{"d":1},{"d":1,"d":2}]}', ['a.b', 'c[1].d']],
    ['{"a":"\\"a\\":1","b":"{\\"b\\":1}"}', []],
    ['[{"a":1},{"a":1}]', []],
  ])('of %s are %j', (text, expected) => {
    expect(duplicateKeys(text)).toEqual(expected)
  })

  test('are not found in what JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => expect(duplicateKeys(JSON.stringify(value))).toEqual([])),
    )
  })
})
