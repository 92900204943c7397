import { describe, expect, test } from '@jest/globals'
import { definition, resolveReference } from '../../../../src/lab/api-server/openapi/catalog.ts'
import type { Schema } from '../../../../src/lab/api-server/openapi/schema.ts'
import { prune } from '../../../../src/lab/api-server/validation/prune.ts'
import { applyDefaults } from '../../../../src/lab/api-server/validation/schema-defaults.ts'
import { validateSchema } from '../../../../src/lab/api-server/validation/structural.ts'
import { DecodeError, decodeTyped } from '../../../../src/lab/api-server/validation/typed-decoder.ts'

function faults(schema: Schema, value: unknown): string[] {
  return validateSchema(schema, value, 'spec', resolveReference).map(
    ({ field, message }) => `${field}: ${message}`,
  )
}

describe('a schema', () => {
  test.each<[string, Schema, unknown, string[]]>([
    ['a length', { type: 'string', maxLength: 2 }, 'abc', ['spec: Too long: may not be more than 2 bytes']],
    [
      'an exclusive bound',
      { type: 'number', minimum: 0, exclusiveMinimum: true },
      0,
      ['spec: Invalid value: 0: spec in body should be greater than 0'],
    ],
    ['a multiple', { type: 'number', multipleOf: 0.1 }, 0.3, []],
    [
      'any of several',
      { anyOf: [{ type: 'string' }, { type: 'integer' }] },
      true,
      ['spec: Invalid value: true: spec in body must validate at least one schema (anyOf)'],
    ],
    [
      'none of several',
      { not: { type: 'string', enum: ['x'] } },
      'x',
      ['spec: Invalid value: "x": spec in body must not validate the schema (not)'],
    ],
    [
      'a number or text',
      { 'x-kubernetes-int-or-string': true },
      1.5,
      ['spec: Invalid value: "number": spec in body must be of type integer,string: "number"'],
    ],
    ['a null that is allowed', { type: 'string', nullable: true }, null, []],
    [
      'members of open objects',
      { type: 'object', additionalProperties: { type: 'integer' } },
      { a: 'x' },
      ['spec.a: Invalid value: "string": spec.a in body must be of type integer: "string"'],
    ],
    [
      'a cidr',
      { type: 'string', format: 'cidr' },
      '10.0.0.0/33',
      ['spec: Invalid value: "10.0.0.0/33": spec in body must be of type cidr: "10.0.0.0/33"'],
    ],
  ])('judges %s', (_name, schema, value, expected) => {
    expect(faults(schema, value)).toEqual(expected)
  })

  test('drops unknown fields and nulls, but nothing below an open object', () => {
    const schema: Schema = {
      type: 'object',
      properties: {
        known: { type: 'string' },
        open: {
          type: 'object',
          'x-kubernetes-preserve-unknown-fields': true,
          properties: { strict: { type: 'object', properties: {} } },
        },
        nullable: { type: 'string', nullable: true },
      },
    }
    const value = { known: null, odd: 1, nullable: null, open: { any: { thing: null }, strict: { gone: 1 } } }
    const unknown: string[] = []
    prune(schema, value, '', resolveReference, unknown)
    expect(value).toEqual({ nullable: null, open: { any: { thing: null }, strict: {} } })
    expect(unknown).toEqual(['odd', 'open.strict.gone'])
  })

  test('fills defaults, those inside a default as well', () => {
    const schema: Schema = {
      type: 'object',
      properties: { a: { type: 'object', default: {}, properties: { b: { type: 'integer', default: 3 } } } },
    }
    const value = {}
    applyDefaults(schema, value, resolveReference)
    expect(value).toEqual({ a: { b: 3 } })
  })
})

describe('a typed body', () => {
  const decode = (name: string, body: Record<string, unknown>) => {
    const unknown: string[] = []
    const schema = definition(name) ?? {}
    return {
      value: decodeTyped(schema, body, resolveReference, name.split('.').at(-1) ?? '', unknown),
      unknown,
    }
  }

  test('loses unknown fields, nulls and fractions of seconds', () => {
    const body = {
      metadata: { name: 'a', creationTimestamp: '2026-01-02T03:04:05.678Z', labels: null },
      odd: 1,
    }
    expect(decode('io.k8s.api.core.v1.ConfigMap', body)).toEqual({
      value: { metadata: { name: 'a', creationTimestamp: '2026-01-02T03:04:05Z' } },
      unknown: ['odd'],
    })
  })

  test.each([
    [
      'io.k8s.api.apps.v1.Deployment',
      { spec: { replicas: 'x' } },
      'json: cannot unmarshal string into Go struct field Deployment.spec.replicas of type int32',
    ],
    ['io.k8s.api.core.v1.Secret', { data: { a: '???' } }, 'illegal base64 data in data.a'],
    [
      'io.k8s.api.coordination.v1.Lease',
      { spec: { renewTime: '2026-01-02T03:04:05.123Z' } },
      'cannot parse ".123Z" as ".000000"',
    ],
    [
      'io.k8s.api.core.v1.Pod',
      { spec: { containers: [{ resources: { limits: { cpu: 'lots' } } }] } },
      'quantities must match the regular expression',
    ],
  ])('of %s with %j is refused', (name, body, message) => {
    expect(() => decode(name, body)).toThrow(DecodeError)
    expect(() => decode(name, body)).toThrow(message)
  })

  test('may give quantities as numbers', () => {
    const { value } = decode('io.k8s.api.core.v1.ResourceRequirements', { limits: { cpu: 2, memory: '1Gi' } })
    expect(value).toEqual({ limits: { cpu: '2', memory: '1Gi' } })
  })
})
