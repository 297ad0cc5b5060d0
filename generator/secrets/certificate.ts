import {createHash, createPrivateKey, X509Certificate as NodeCertificate, randomBytes, webcrypto} from 'node:crypto'
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'

/** A certificate and its private key, as PEM. */
export interface KeyPair {
  certificate: string
  privateKey: string
}

const algorithm = {name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256'}
/** In milliseconds. */
export const day = 86_400_000
/** Clocks of small machines are late. */
const skew = day

/** Years that an authority is valid. Rotate it before: `--check` says when. */
const authorityYears = 10
/** The gateway accepts only certificates that are listed, so a long validity gives nothing away. */
const clientYears = 5

/** A new authority, signed by itself. */
export async function newAuthority(name: string, now: Date): Promise<KeyPair> {
  const keys = await newKeys()
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity(now, authorityYears),
    serialNumber: serial(),
    subject: `CN=${name}`,
    issuer: `CN=${name}`,
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    signingAlgorithm: algorithm,
    extensions: authorityExtensions(await keyId(keys.publicKey)),
  })
  return {certificate: pem(certificate), privateKey: await exported(keys.privateKey)}
}

/**
 * The same name and key as `authority`, signed by `older`: who trusts only the older one trusts, by way of it, what the
 * newer one signs (RFC 5280 section 3.2, cross-certificates).
 */
export async function crossSigned(authority: KeyPair, older: KeyPair): Promise<string> {
  const [subject, issuer] = [
    new x509.X509Certificate(authority.certificate),
    new x509.X509Certificate(older.certificate),
  ]
  const certificate = await x509.X509CertificateGenerator.create({
    notBefore: subject.notBefore,
    notAfter: issuer.notAfter,
    serialNumber: serial(),
    subject: subject.subject,
    issuer: issuer.subject,
    publicKey: subject.publicKey,
    signingKey: await imported(older.privateKey),
    signingAlgorithm: algorithm,
    extensions: [
      ...authorityExtensions(await keyId(await subject.publicKey.export(algorithm, ['verify'], crypto))),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  })
  return pem(certificate)
}

/**
 * A client certificate, signed by itself: it is trusted because it is listed. All have the same short name, because a
 * server tells whoever connects the names of all that it trusts: 64 KiB at most (RFC 8446 section 4.2.4), and the fleet
 * is nobody's business.
 */
export async function newClientCertificate(now: Date): Promise<KeyPair> {
  const keys = await newKeys()
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity(now, clientYears),
    serialNumber: serial(),
    subject: 'CN=edge',
    issuer: 'CN=edge',
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
    ],
  })
  return {certificate: pem(certificate), privateKey: await exported(keys.privateKey)}
}

/** The certificates in a text, each as PEM. */
export function certificatesIn(text: string): string[] {
  return [...text.matchAll(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g)].map(
    ([certificate]) => `${certificate.trim()}\n`,
  )
}

/** SHA-256 of all certificates in a text, in hexadecimal: they are public, and so is it. */
export function fingerprint(text: string): string {
  const hash = createHash('sha256')
  for (const certificate of certificatesIn(text)) hash.update(new NodeCertificate(certificate).raw)
  return hash.digest('hex')
}

/** When the certificate begins and ends. */
export function validityOf(certificate: string): {from: Date; to: Date} {
  const {validFrom, validTo} = new NodeCertificate(certificate)
  return {from: new Date(validFrom), to: new Date(validTo)}
}

/** When a certificate that was made here was made: it is valid a while before. */
export function madeAt(certificate: string): Date {
  return new Date(validityOf(certificate).from.getTime() + skew)
}

/** The name of whom it is for, such as `CN=edge`. */
export function subjectOf(certificate: string): string {
  return new NodeCertificate(certificate).subject
}

/** Whether the key belongs to the certificate. */
export function isPair({certificate, privateKey}: KeyPair): boolean {
  try {
    return new NodeCertificate(certificate).checkPrivateKey(createPrivateKey(privateKey))
  } catch {
    return false
  }
}

function validity(now: Date, years: number): {notBefore: Date; notAfter: Date} {
  return {notBefore: new Date(now.getTime() - skew), notAfter: new Date(now.getTime() + years * 365 * day)}
}

/** Positive, by RFC 5280 section 4.1.2.2. */
function serial(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes.toString('hex')
}

function authorityExtensions(id: x509.SubjectKeyIdentifierExtension): x509.Extension[] {
  const usages = x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature
  return [new x509.BasicConstraintsExtension(true, undefined, true), new x509.KeyUsagesExtension(usages, true), id]
}

function keyId(key: webcrypto.CryptoKey): Promise<x509.SubjectKeyIdentifierExtension> {
  return x509.SubjectKeyIdentifierExtension.create(key)
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>
}

async function exported(key: webcrypto.CryptoKey): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', key)
  return `${x509.PemConverter.encode(der, 'PRIVATE KEY')}\n`
}

function imported(privateKey: string): Promise<webcrypto.CryptoKey> {
  const [der] = x509.PemConverter.decode(privateKey)
  return webcrypto.subtle.importKey('pkcs8', der as ArrayBuffer, algorithm, true, [
    'sign',
  ]) as Promise<webcrypto.CryptoKey>
}

function pem(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem')}\n`
}
