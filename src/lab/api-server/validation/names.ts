/**
 * The name rules of Kubernetes, with its wording.
 */
import { type FieldError, invalidValue, required } from './field-error.ts'

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const LABEL_1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const QUALIFIED = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/

const LABEL_TEXT =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const LABEL_1035_TEXT =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
const SUBDOMAIN_TEXT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const QUALIFIED_TEXT =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const LABEL_VALUE_TEXT =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

export type NameRule = 'label' | 'label1035' | 'subdomain' | 'path'

const MAX_LABEL = 63
const MAX_SUBDOMAIN = 253

/** Names of most kinds are subdomains; these are not. */
export function nameRule(group: string, resource: string): NameRule {
  if (group === 'rbac.authorization.k8s.io') return 'path'
  if (group !== '') return 'subdomain'
  if (resource === 'namespaces') return 'label'
  return resource === 'services' ? 'label1035' : 'subdomain'
}

/** Faults of `name` under a rule. */
export function checkName(rule: NameRule, name: string, field: string): FieldError[] {
  if (rule === 'path') return checkPathSegment(name, field)
  const max = rule === 'subdomain' ? MAX_SUBDOMAIN : MAX_LABEL
  if (name.length > max) return [invalidValue(field, name, `must be no more than ${max} characters`)]
  return matcher(rule).test(name) ? [] : [invalidValue(field, name, ruleText(rule))]
}

function matcher(rule: NameRule): RegExp {
  if (rule === 'label') return LABEL
  return rule === 'label1035' ? LABEL_1035 : SUBDOMAIN
}

function ruleText(rule: NameRule): string {
  if (rule === 'label') return LABEL_TEXT
  return rule === 'label1035' ? LABEL_1035_TEXT : SUBDOMAIN_TEXT
}

function checkPathSegment(name: string, field: string): FieldError[] {
  if (name === '.' || name === '..') return [invalidValue(field, name, `may not be '${name}'`)]
  const bad = ['/', '%'].find((character) => name.includes(character))
  return bad === undefined ? [] : [invalidValue(field, name, `may not contain '${bad}'`)]
}

/** Faults of a label or annotation key: `prefix/name`. */
export function checkQualifiedName(key: string, field: string): FieldError[] {
  const parts = key.split('/')
  const [prefix, name] = parts.length === 1 ? [undefined, key] : [parts[0] ?? '', parts[1] ?? '']
  if (parts.length > 2) return [invalidValue(field, key, `a qualified name ${QUALIFIED_TEXT.slice(10)}`)]
  const faults: FieldError[] = []
  if (prefix === '') faults.push(invalidValue(field, key, 'prefix part must be non-empty'))
  else if (prefix !== undefined && !SUBDOMAIN.test(prefix)) {
    faults.push(invalidValue(field, key, `prefix part ${SUBDOMAIN_TEXT}`))
  }
  if (name === '') faults.push(invalidValue(field, key, 'name part must be non-empty'))
  else if (name.length > MAX_LABEL) {
    faults.push(invalidValue(field, key, `name part must be no more than ${MAX_LABEL} characters`))
  } else if (!QUALIFIED.test(name)) faults.push(invalidValue(field, key, QUALIFIED_TEXT))
  return faults
}

/** Faults of a label's value. */
export function checkLabelValue(value: string, field: string): FieldError[] {
  if (value.length > MAX_LABEL) {
    return [invalidValue(field, value, `must be no more than ${MAX_LABEL} characters`)]
  }
  return LABEL_VALUE.test(value) ? [] : [invalidValue(field, value, LABEL_VALUE_TEXT)]
}

/** Faults of a map of labels. */
export function checkLabels(labels: Readonly<Record<string, string>>, field: string): FieldError[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...checkQualifiedName(key, field),
    ...checkLabelValue(value, field),
  ])
}

/** A name that must be there and be a DNS label. */
export function checkRequiredLabel(name: string | undefined, field: string): FieldError[] {
  if (name === undefined || name === '') return [required(field)]
  return checkName('label', name, field)
}
