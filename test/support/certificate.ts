import 'reflect-metadata'
import * as x509 from '@peculiar/x509'

/** A certificate and its key, as PEM. */
export interface Signed {
  certificate: string
  privateKey: string
}

/** A certificate of a server with the chain behind it, signed by an authority: what cert-manager does in the cloud. */
export async function signedBy(chain: string, authorityKey: string, host: string): Promise<Signed> {
  const algorithm = {name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256'}
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const [der] = x509.PemConverter.decode(authorityKey)
  const leaf = await x509.X509CertificateGenerator.create({
    serialNumber: '0a',
    subject: 'CN=server',
    issuer: new x509.X509Certificate(chain).subject,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    publicKey: keys.publicKey,
    signingKey: await crypto.subtle.importKey('pkcs8', der as ArrayBuffer, algorithm, false, ['sign']),
    signingAlgorithm: algorithm,
    extensions: [new x509.SubjectAlternativeNameExtension([{type: 'dns', value: host}])],
  })
  const privateKey = x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')
  return {certificate: `${leaf.toString('pem')}\n${chain}`, privateKey: `${privateKey}\n`}
}
