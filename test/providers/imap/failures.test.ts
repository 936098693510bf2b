// What a server's or a line's failure is called, and which gate it closes.
import { describe, expect, test } from 'vitest';
import { isRefusal, toTransportError } from '../../../providers/imap/failures.ts';

const failure = (parts: object): Error => Object.assign(new Error('Command failed'), parts);
const said = (code: string): object => ({ attributes: [{ section: [{ value: code }] }] });

describe('failures of IMAP', () => {
  test.each<[string, object, string, string | undefined]>([
    [
      'refused credentials',
      { authenticationFailed: true, responseStatus: 'NO', serverResponseCode: 'AUTHENTICATIONFAILED' },
      'EAUTH',
      'authRequired',
    ],
    ['no way to log in', { authenticationFailed: true }, 'EAUTH', 'authRequired'],
    ['a line that breaks during the login', { authenticationFailed: true, code: 'NoConnection' }, 'ECONNECTION', 'unreachable'],
    [
      'a login that is not possible now',
      { authenticationFailed: true, responseStatus: 'NO', serverResponseCode: 'UNAVAILABLE' },
      'EWAIT',
      'throttled',
    ],
    [
      'too many logins',
      { authenticationFailed: true, responseStatus: 'NO', responseText: 'Too many simultaneous connections. (Failure)' },
      'EWAIT',
      'throttled',
    ],
    ['THROTTLED', { responseStatus: 'NO', response: said('THROTTLED') }, 'EWAIT', 'throttled'],
    ['INUSE', { responseStatus: 'NO', response: said('INUSE') }, 'EWAIT', 'throttled'],
    ['back-off of Office 365', { responseStatus: 'BAD', code: 'ETHROTTLE', throttleReset: 92_415 }, 'EWAIT', 'throttled'],
    ['BYE with too many connections', { code: 'ClosedAfterConnectTLS', reason: 'Too many connections' }, 'EWAIT', 'throttled'],
    ['a refused connection', { code: 'ECONNREFUSED' }, 'ECONNECTION', 'unreachable'],
    ['an unknown name', { code: 'ENOTFOUND' }, 'EDNS', 'unreachable'],
    ['a bad certificate', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, 'ETLS', 'unreachable'],
    ['no greeting', { code: 'GREETING_TIMEOUT' }, 'ETIMEDOUT', 'unreachable'],
    ['nonsense', { code: 'ParserError11' }, 'EPROTOCOL', 'unreachable'],
    ['NO to a command', { responseStatus: 'NO', responseText: 'cannot' }, 'EPROTOCOL', undefined],
  ])('U-049 %s', (_what, parts, code, reason) => {
    const error = toTransportError(failure(parts), 'X');
    expect([error.code, error.gate?.reason]).toEqual([code, reason]);
    expect(error.cause).toBeInstanceOf(Error);
  });

  test('U-049 the time that a server names is kept, and its reply is shown', () => {
    const error = toTransportError(
      failure({ responseStatus: 'BAD', code: 'ETHROTTLE', throttleReset: 92_415, responseText: 'Request is throttled' }),
      'UID FETCH',
    );
    expect(error).toMatchObject({ retryAfterMs: 92_415, response: 'BAD Request is throttled', message: 'IMAP UID FETCH: BAD Request is throttled' });
  });

  test('a refusal is known as one through its wrapping', () => {
    expect(isRefusal(toTransportError(failure({ responseStatus: 'NO' }), 'X'))).toBe(true);
    expect(isRefusal(toTransportError(failure({ code: 'NoConnection' }), 'X'))).toBe(false);
  });
});
