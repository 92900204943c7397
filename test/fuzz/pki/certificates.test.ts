/**
 * What strangers can show of certificates: names, chains, bundles, requests, statements. FAIRLEAD_FUZZ_SECONDS sets how long.
 */
import { X509Certificate } from 'node:crypto'
import { beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { FairleadError } from '../../../src/core/errors.ts'
import type { KeyPair } from '../../../src/pki/certificates.ts'
import { decodeCertificate, readCertificates, verifyChain } from '../../../src/pki/chain.ts'
import {
  createClusterAuthority,
  readAuthorityRequest,
  requestAuthority,
} from '../../../src/pki/cluster-authority.ts'
import { createRoot, issueLeaf } from '../../../src/pki/clusterset-root.ts'
import { alternativeNamesIdentity, formatIdentity } from '../../../src/pki/identity.ts'
import { SignatureChecker, Signer, SigningContext } from '../../../src/pki/signatures.ts'
import { StatementReader, signStatement } from '../../../src/pki/trust-statement.ts'
import { FUZZ_TIMEOUT_MS, fuzzFor } from '../../support/fuzz-budget.ts'

const PROPERTIES = 6
const NOW = Date.now()
const DATA = Buffer.from('data')

let root: KeyPair
let chain: readonly Buffer[]
let signer: Signer
let request: Buffer

beforeAll(async () => {
  root = await createRoot({ clusterset: 'home', days: 2 })
  const authority = await createClusterAuthority(root, { clusterset: 'home', cluster: 'east', days: 2 })
  const leaf = await issueLeaf(authority, {
    clusterset: 'home',
    cluster: 'east',
    role: 'router',
    dnsNames: ['x'],
  })
  chain = [leaf, authority].map(({ certPem }) => new X509Certificate(certPem).raw)
  signer = new Signer({ certificate: leaf.certPem + authority.certPem, key: leaf.keyPem })
  const { requestPem } = await requestAuthority({ clusterset: 'home', cluster: 'west' })
  request = Buffer.from(requestPem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64')
})

const anchors = () => ({ clusterset: 'home', roots: [new X509Certificate(root.certPem)] })

/** Only errors of ours may come out: returns what came of it. */
function tried<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    expect(error).toBeInstanceOf(FairleadError)
    return undefined
  }
}

type Damage = { readonly at: number; readonly flip: number }

const damages = fc.array(fc.record({ at: fc.nat(), flip: fc.integer({ min: 1, max: 255 }) }), {
  minLength: 1,
  maxLength: 4,
})

function damaged(bytes: Buffer, changes: readonly Damage[]): Buffer {
  const copy = Buffer.from(bytes)
  for (const { at, flip } of changes) copy[at % copy.length] = (copy[at % copy.length] ?? 0) ^ flip
  return copy
}

test(
  'names that Node may make of a certificate give one identity or an error',
  () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'URI:spiffe://home/cluster/east/router',
        'DNS:east',
        'URI:',
        '"',
        '\\"',
        ', ',
        'IP:',
        '',
      ),
      fc.string({ maxLength: 20 }),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const identity = tried(() => alternativeNamesIdentity(pieces.join('')))
        if (identity !== undefined) expect(pieces.join('')).toContain(formatIdentity(identity))
      }),
      fuzzFor(PROPERTIES),
    )
  },
  FUZZ_TIMEOUT_MS,
)

test(
  'a damaged chain does not hold, or speaks for the same process',
  () => {
    fc.assert(
      fc.property(fc.nat({ max: 1 }), damages, (which, changes) => {
        const shown = chain.map((der, place) => (place === which ? damaged(der, changes) : der))
        const verified = tried(() =>
          verifyChain(
            shown.map((der) => decodeCertificate(der.toString('base64'))),
            anchors(),
            NOW,
          ),
        )
        if (verified !== undefined)
          expect(verified.identity).toEqual({ clusterset: 'home', cluster: 'east', role: 'router' })
      }),
      fuzzFor(PROPERTIES),
    )
  },
  FUZZ_TIMEOUT_MS,
)

test(
  'bundles are read or refused, whatever stands in them',
  () => {
    const begin = '-----BEGIN CERTIFICATE-----'
    const piece = fc.oneof(
      fc.constantFrom(begin, '-----END CERTIFICATE-----', '\n', '-----', 'MIIB'),
      fc.base64String({ maxLength: 100 }),
      fc.constant(0).map(() => root.certPem),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        tried(() => readCertificates(pieces.join('')))
      }),
      fuzzFor(PROPERTIES),
    )
  },
  FUZZ_TIMEOUT_MS,
)

test(
  'a signature with anything in it is refused',
  () => {
    const shown = signer.sign(SigningContext.flow, DATA)
    const checker = new SignatureChecker(anchors, 16)
    const text = fc.oneof(fc.base64String({ maxLength: 200 }), fc.string({ maxLength: 50 }))
    fc.assert(
      fc.property(fc.array(text, { maxLength: 6 }), text, (texts, value) => {
        const forged = [
          { chain: texts, value },
          { ...shown, value },
          { chain: [...shown.chain, ...texts].slice(0, 4), value },
        ]
        for (const each of forged)
          expect(tried(() => checker.check(SigningContext.flow, DATA, each, NOW))).toBeUndefined()
      }),
      fuzzFor(PROPERTIES),
    )
  },
  FUZZ_TIMEOUT_MS,
)

test(
  'a damaged statement is refused',
  () => {
    const reader = new StatementReader()
    const roots = [root.certPem]
    const text = JSON.stringify(
      signStatement({ clusterset: 'home', version: 7, roots, revoked: [{ cluster: 'west', at: 9 }] }, [root]),
    )
    const change = fc.record({
      at: fc.nat(),
      cut: fc.nat({ max: 5 }),
      put: fc.oneof(fc.string({ maxLength: 6 }), fc.json()),
    })
    fc.assert(
      fc.property(change, ({ at, cut, put }) => {
        const place = at % text.length
        const changed = text.slice(0, place) + put + text.slice(place + cut)
        const read = tried(() => reader.read(reader.decode(changed), anchors()))
        if (read !== undefined)
          expect(read).toMatchObject({ version: 7, revoked: [{ cluster: 'west', at: 9 }] })
      }),
      fuzzFor(PROPERTIES),
    )
  },
  FUZZ_TIMEOUT_MS,
)

test(
  'a damaged request for an authority is refused, or asks for the same',
  async () => {
    await fc.assert(
      fc.asyncProperty(damages, async (changes) => {
        const der = damaged(request, changes)
        const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`
        const read = await readAuthorityRequest(pem).catch((error: unknown) => {
          expect(error).toBeInstanceOf(FairleadError)
          return undefined
        })
        // What is not signed, such as the length around it all, some readers do not mind.
        if (read !== undefined) expect(read).toMatchObject({ clusterset: 'home', cluster: 'west' })
      }),
      fuzzFor(PROPERTIES),
    )
  },
  FUZZ_TIMEOUT_MS,
)
