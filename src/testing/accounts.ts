// Who may log on to the fakes, and what a client said to prove it (SASL: RFC 4422; PLAIN: RFC 4616; XOAUTH2: Google).
import { MailspoolError } from '../errors.ts';
import { systemClock, type Clock, type Instant } from '../time/clock.ts';

export interface FakeCredentials {
  readonly password?: string;
  /** The bearer token that XOAUTH2 and OAUTHBEARER take. */
  readonly token?: string;
  /** From when on the token is refused. Default: never. */
  readonly tokenExpiresAt?: Instant | Date;
}

/** Users by name; a string is the password. */
export type FakeUsers = Readonly<Record<string, string | FakeCredentials>>;

export const defaultUsers: FakeUsers = { user: 'pass' };

/** The users of one or several fakes. Changes count from the next logon. */
export class Accounts {
  readonly #users = new Map<string, FakeCredentials>();
  readonly #clock: Clock;

  constructor(users: FakeUsers = defaultUsers, clock: Clock = systemClock) {
    this.#clock = clock;
    for (const [name, credentials] of Object.entries(users)) this.set(name, credentials);
  }

  get names(): readonly string[] {
    return [...this.#users.keys()];
  }

  /** Adds a user, or gives one another password or token: an expired token is one that is no longer this one. */
  set(name: string, credentials: string | FakeCredentials): void {
    if (name === '' || /[\0\r\n]/.test(name)) throw new MailspoolError('EINVALID', `not a user name: ${JSON.stringify(name)}`, { field: 'users' });
    this.#users.set(name, typeof credentials === 'string' ? { password: credentials } : credentials);
  }

  /** Ends the token of the user, or all tokens. @throws ENOTFOUND no such user */
  expireToken(name: string | undefined): void {
    for (const each of name === undefined ? this.names : [name]) {
      const { password } = this.credentials(each) ?? this.#unknown(each);
      this.set(each, password === undefined ? {} : { password });
    }
  }

  #unknown(name: string): never {
    throw new MailspoolError('ENOTFOUND', `no user ${name}; there are: ${this.names.join(', ')}`);
  }

  credentials(name: string): FakeCredentials | undefined {
    return this.#users.get(name);
  }

  /** Whose mail `address` is: the user of that name, or of that local part. */
  owner(address: string): string | undefined {
    const wanted = address.toLowerCase();
    const local = wanted.slice(0, Math.max(0, wanted.lastIndexOf('@')));
    return this.names.find((name) => name.toLowerCase() === wanted) ?? this.names.find((name) => name.toLowerCase() === local);
  }

  /** The user, if what was said proves it. */
  admit(said: Said | undefined): string | undefined {
    if (!said) return undefined;
    const known = this.#users.get(said.user);
    if (said.password !== undefined && said.password === known?.password) return said.user;
    if (known?.password !== undefined && said.proves?.(known.password) === true) return said.user;
    const expired = Number(known?.tokenExpiresAt ?? Number.POSITIVE_INFINITY) <= this.#clock.now();
    if (said.token !== undefined && said.token === known?.token && !expired) return said.user;
    return undefined;
  }
}

/** What a client said about itself. */
export interface Said {
  readonly user: string;
  readonly password?: string;
  readonly token?: string;
  /** Whether what the client computed was made from this password. */
  readonly proves?: (password: string) => boolean;
}

/** `authzid NUL user NUL password`. */
export function plain(response: string): Said | undefined {
  const [, user, password, ...more] = decoded(response).split('\0');
  return user === undefined || password === undefined || more.length > 0 ? undefined : { user, password };
}

/** `user=… ^A auth=Bearer … ^A ^A`. */
export function xoauth2(response: string): Said | undefined {
  const [, user, token] = /^user=([^\x01]*)\x01auth=Bearer ([^\x01]*)\x01\x01$/i.exec(decoded(response)) ?? [];
  return user === undefined || token === undefined ? undefined : { user, token };
}

/** `n,a=user,^A … auth=Bearer … ^A^A` (RFC 7628 section 3.1). */
export function oauthBearer(response: string): Said | undefined {
  const [, user, fields = ''] = /^[ny],a=([^,\x01]*),\x01(.*\x01)\x01$/i.exec(decoded(response)) ?? [];
  const [, token] = /(?:^|\x01)auth=Bearer ([^\x01]*)\x01/i.exec(fields) ?? [];
  return user === undefined || token === undefined ? undefined : { user: user.replaceAll('=2C', ',').replaceAll('=3D', '='), token };
}

/** What XOAUTH2 and OAUTHBEARER say to a bad token, before they refuse (RFC 7628 section 3.2.2). */
export const bearerRefusal: string = Buffer.from('{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}').toString('base64');

export const decoded = (base64: string): string => Buffer.from(base64 === '=' ? '' : base64, 'base64').toString('utf8');
