// A certificate for localhost that signs itself (X.509 v3, RFC 5280), made anew in each process in a millisecond. For
// the fakes' TLS; give `cert` to the client as `ca` and it verifies.
import { generateKeyPairSync, sign } from 'node:crypto';
import { systemClock } from '../../time/clock.ts';
import { systemRandom } from '../../time/random.ts';
import { bitString, boolean, explicit, implicit, integer, octetString, oid, sequence, set, time, utf8String } from './der.ts';

export interface KeyAndCertificate {
  /** PEM, PKCS #8. */
  readonly key: string;
  /** PEM. */
  readonly cert: string;
}

let made: KeyAndCertificate | undefined;

/** The certificate of this process, for localhost, 127.0.0.1 and ::1. */
export function selfSigned(): KeyAndCertificate {
  made ??= make();
  return made;
}

const dayMs = 86_400_000;
const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'));

function make(): KeyAndCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const now = systemClock.now();
  const name = sequence(set(sequence(oid('2.5.4.3'), utf8String('mailspool fake'))));
  const body = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(Buffer.from([1, ...systemRandom.bytes(8)])),
    ecdsaWithSha256,
    name,
    sequence(time(now - dayMs), time(now + 365 * dayMs)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, sequence(alternativeNames(), basicConstraints())),
  );
  const certificate = sequence(body, ecdsaWithSha256, bitString(sign('sha256', body, privateKey)));
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), cert: pem(certificate) };
}

function alternativeNames(): Buffer {
  const names = [
    implicit(2, Buffer.from('localhost')),
    implicit(7, Buffer.from([127, 0, 0, 1])),
    implicit(7, Buffer.from([...Array<number>(15).fill(0), 1])),
  ];
  return sequence(oid('2.5.29.17'), octetString(sequence(...names)));
}

/** CA: true, so that it verifies as its own issuer. */
const basicConstraints = (): Buffer => sequence(oid('2.5.29.19'), boolean(true), octetString(sequence(boolean(true))));

const pem = (der: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${(der.toString('base64').match(/.{1,64}/g) ?? []).join('\n')}\n-----END CERTIFICATE-----\n`;
