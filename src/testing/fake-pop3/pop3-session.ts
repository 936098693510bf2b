// One POP3 dialogue from greeting to QUIT (RFC 1939, 2449, 2595, 5034). For fake-pop3.ts, which says who may log on and
// what goes wrong on purpose.
import { createHash } from 'node:crypto';
import { bearerRefusal, type Said } from '../accounts.ts';
import { misbehave, type Twist } from '../faults/misbehave.ts';
import type { Wire } from '../net/wire.ts';
import { exchange, mechanismOf, same } from '../sasl.ts';
import { pop3Commands, type Pop3Command, type Pop3Misdeed, type Pop3Reply, type Pop3Step } from './fault.ts';
import { Maildrop, multiLine, top, type Drop } from './maildrop.ts';
import { pop3Capabilities, type Pop3Capability, type Pop3Host } from './pop3-host.ts';

/** Longer than the 255 of RFC 2449 section 4, for long tokens. */
const longestLine = 16 * 1024;

/** Thrown to end the dialogue. */
const over = Symbol('dialogue over');

/** `+OK …` or `-ERR …`, with what follows it; undefined if it has been said. */
type Answer = string | Uint8Array | undefined;

type Handler = (argument: string) => Answer | Promise<Answer>;

export class Pop3Session {
  readonly #wire: Wire;
  readonly #host: Pop3Host;
  readonly #connection: number;
  readonly #stamp: string;
  /** What may be said before logging on, and at any time. */
  readonly #before: Readonly<Partial<Record<Pop3Command, Handler>>> = {
    CAPA: () => ok('Capabilities follow', this.#capabilities()),
    STLS: () => this.#startTls(),
    USER: (user) => this.#userIs(user),
    PASS: (password) => this.#pass(password),
    APOP: (argument) => this.#apop(argument),
    AUTH: (argument) => this.#auth(argument),
    QUIT: () => ok('Bye'),
  };
  /** What may be said after. */
  readonly #after: Readonly<Partial<Record<Pop3Command, (drop: Maildrop, argument: string) => Answer>>> = {
    CAPA: () => ok('Capabilities follow', this.#capabilities()),
    STAT: ({ all }) => ok(`${all.length} ${all.reduce((sum, { content }) => sum + content.length, 0)}`),
    LIST: (drop, argument) => listing(drop, argument, ({ number, content }) => `${number} ${content.length}`),
    UIDL: (drop, argument) => listing(drop, argument, ({ number, uid }) => `${number} ${uid}`),
    RETR: (drop, argument) => one(drop, argument, ({ content }) => ok(`${content.length} octets`, content)),
    TOP: (drop, argument) => topOf(drop, argument),
    DELE: (drop, argument) => one(drop, argument, ({ number }) => this.#delete(drop, number)),
    RSET: (drop) => this.#reset(drop),
    NOOP: () => ok('OK'),
    QUIT: (drop) => this.#update(drop),
  };
  #named = '';
  #user: string | undefined;
  #maildrop: Maildrop | undefined;
  /** What is wrong with the command under way. */
  #twist: Twist = nothingWrong;

  constructor(wire: Wire, host: Pop3Host, connection: number) {
    this.#wire = wire;
    this.#host = host;
    this.#connection = connection;
    this.#stamp = `<${connection}.${host.clock.now()}@localhost>`;
  }

  /** Ends when the client quits or the connection is gone. */
  async run(): Promise<void> {
    try {
      if (this.#host.implicitTls) await this.#handshake();
      await this.#step('greeting', '', () => ok(`mailspool fake ready${this.#host.offers('APOP') ? ` ${this.#stamp}` : ''}`));
      for (;;) await this.#next();
    } catch (error) {
      if (error === over || this.#wire.gone.aborted) return;
      await this.#wire.write(`-ERR [SYS/TEMP] The fake failed: ${String(error).replace(/\s+/g, ' ')}\r\n`);
    } finally {
      if (this.#user !== undefined) this.#host.unlock(this.#user);
    }
  }

  async #next(): Promise<void> {
    const line = await this.#wire.line(longestLine);
    if (!line) throw over;
    if (line.tooLong || !line.crlf) return this.#wire.write(`-ERR ${line.tooLong ? 'Line too long' : 'A line ends in CRLF'}\r\n`);
    const text = line.bytes.toString('utf8');
    this.#host.log({ connection: this.#connection, line: text });
    const [, verb = '', argument = ''] = /^(\S*) ?(.*)$/s.exec(text) ?? [];
    const name = verb.toUpperCase();
    if (!isCommand(name)) return this.#wire.write('-ERR Command not recognised\r\n');
    await this.#step(name, text, () => this.#carryOut(name, argument));
    if (name === 'QUIT') throw over;
  }

  /** One step with what is planned to go wrong at it. */
  async #step(at: Pop3Step, line: string, usual: () => Answer | Promise<Answer>): Promise<void> {
    const decided = await this.#wrong(at, line, this.#user);
    const answer = decided ?? (this.#twist.answered ? undefined : await usual());
    const { drop, bend } = this.#twist;
    this.#twist = nothingWrong;
    if (drop === 'insteadOfReply') this.#drop();
    this.#wire.bend(bend, this.#host.clock);
    if (answer !== undefined) await this.#wire.write(answer);
    this.#wire.bend(undefined, this.#host.clock);
    if (drop !== 'afterReply') return;
    await this.#wire.hangUp();
    throw over;
  }

  /** Lets go wrong what is planned at a step, as far as that can be done before it; the answer if that decides it. */
  async #wrong(at: Pop3Step, line: string, user: string | undefined): Promise<string | undefined> {
    const misdeeds: readonly Pop3Misdeed[] = this.#host.faults({ at, line, address: this.#wire.address, user });
    const by = { wire: this.#wire, clock: this.#host.clock, accounts: this.#host.mailboxes.accounts, user };
    let reply: string | undefined;
    const twist = await misbehave<Pop3Reply>(misdeeds, by, ({ err }) => void (reply = refused(err)));
    if (twist.drop === 'now') this.#drop();
    const outer = this.#twist;
    this.#twist = { answered: twist.answered, drop: twist.drop ?? outer.drop, bend: { ...outer.bend, ...twist.bend } };
    return reply;
  }

  #drop(): never {
    this.#wire.drop();
    throw over;
  }

  #carryOut(name: Pop3Command, argument: string): Answer | Promise<Answer> {
    if (this.#maildrop) return this.#after[name]?.(this.#maildrop, argument) ?? refused('Not after logging on');
    return this.#before[name]?.(argument) ?? refused('Log on first');
  }

  #offers(capability: Pop3Capability): boolean {
    return this.#host.offers(capability) && !(capability === 'STLS' && (this.#wire.secure || this.#maildrop !== undefined));
  }

  #capabilities(): Buffer {
    const offered = ([...pop3Capabilities, 'STLS'] as const).filter((each) => this.#offers(each));
    const lines = offered.map((each) => (each === 'SASL' ? `SASL ${this.#host.mechanisms.join(' ')}` : each));
    return Buffer.from([...lines, 'IMPLEMENTATION mailspool fake', ''].join('\r\n'));
  }

  /** RFC 2595 section 4. */
  async #startTls(): Promise<Answer> {
    if (!this.#offers('STLS')) return refused('STLS is not offered');
    this.#wire.discard();
    const { bend, drop } = this.#twist;
    this.#twist = drop === 'afterReply' ? nothingWrong : { ...nothingWrong, drop };
    this.#wire.bend(bend, this.#host.clock);
    await this.#wire.write(ok('Begin TLS'));
    this.#wire.bend(undefined, this.#host.clock);
    if (drop === 'afterReply') await this.#wire.hangUp();
    await this.#handshake();
    this.#named = '';
    return undefined;
  }

  async #handshake(): Promise<void> {
    const decided = await this.#wrong('handshake', '', undefined);
    if (decided !== undefined) await this.#wire.write(decided);
    if (decided !== undefined || this.#twist.answered) {
      await this.#wire.hangUp();
      throw over;
    }
    if (!(await this.#wire.startTls(this.#host.secureContext()))) throw over;
  }

  #userIs(user: string): Answer {
    if (!this.#offers('USER')) return refused('USER is not offered');
    if (user === '') return refused('Say who');
    this.#named = user;
    return ok('And the password?');
  }

  async #pass(password: string): Promise<Answer> {
    if (this.#named === '') return refused('USER first');
    const user = this.#named;
    this.#named = '';
    return this.#logon({ user, password }, `PASS ${password}`);
  }

  async #apop(argument: string): Promise<Answer> {
    const [, user, digest = ''] = /^(\S+) ([0-9a-f]{32})$/i.exec(argument) ?? [];
    if (user === undefined || !this.#offers('APOP')) return refused('Syntax: APOP user digest');
    const proves = (password: string): boolean => same(createHash('md5').update(`${this.#stamp}${password}`).digest(), digest);
    return this.#logon({ user, proves }, `APOP ${argument}`);
  }

  /** RFC 5034; without a mechanism, the list of them as before RFC 2449. */
  async #auth(argument: string): Promise<Answer> {
    if (!this.#offers('SASL')) return refused('AUTH is not offered');
    if (argument === '') return ok('Mechanisms follow', Buffer.from([...this.#host.mechanisms, ''].join('\r\n')));
    const [name = '', initial] = argument.split(' ');
    const mechanism = mechanismOf(name, this.#host.mechanisms);
    if (!mechanism) return refused('Mechanism not known');
    const exchanged = await exchange(mechanism, initial, { challenge: (text) => this.#challenge(text), stamp: this.#stamp });
    return exchanged === 'cancelled' ? refused('Cancelled') : this.#logon(exchanged.said, `AUTH ${argument}`);
  }

  async #challenge(challenge: string): Promise<string> {
    await this.#wire.write(`+ ${challenge}\r\n`);
    const line = await this.#wire.line(longestLine);
    if (!line) throw over;
    return line.bytes.toString('latin1');
  }

  async #logon(said: Said | undefined, line: string): Promise<Answer> {
    const decided = await this.#wrong('logon', line, said?.user);
    if (decided !== undefined || this.#twist.answered) return decided;
    const user = this.#host.mailboxes.accounts.admit(said);
    if (user === undefined) {
      if (said?.token !== undefined) await this.#challenge(bearerRefusal);
      return refused('[AUTH] Authentication failed');
    }
    if (!this.#host.lock(user)) return refused('[IN-USE] Another session has the maildrop');
    this.#user = user;
    this.#maildrop = new Maildrop(this.#host.mailboxes.mailbox(user, 'INBOX'));
    return ok(`${this.#maildrop.all.length} messages`);
  }

  #delete(drop: Maildrop, number: number): Answer {
    drop.delete(number);
    return ok(`${number} is deleted`);
  }

  #reset(drop: Maildrop): Answer {
    drop.reset();
    return ok(`${drop.all.length} messages`);
  }

  #update(drop: Maildrop): Answer {
    drop.update();
    return ok('Bye');
  }
}

const nothingWrong: Twist = { answered: false, drop: undefined, bend: {} };

const isCommand = (name: string): name is Pop3Command => (pop3Commands as readonly string[]).includes(name);

const refused = (text: string): string => `-ERR ${text}\r\n`;

function ok(text: string): string;
function ok(text: string, lines: Buffer): Buffer;
function ok(text: string, lines?: Buffer): string | Buffer {
  const first = `+OK ${text}\r\n`;
  return lines === undefined ? first : Buffer.concat([Buffer.from(first), multiLine(lines)]);
}

const noSuchMessage = refused('No such message');

function one(drop: Maildrop, argument: string, then: (found: Drop) => Answer): Answer {
  const found = /^\d{1,9}$/.test(argument) ? drop.get(Number(argument)) : undefined;
  return found ? then(found) : noSuchMessage;
}

function listing(drop: Maildrop, argument: string, line: (each: Drop) => string): Answer {
  if (argument !== '') return one(drop, argument, (found) => ok(line(found)));
  return ok('List follows', Buffer.from(drop.all.map((each) => `${line(each)}\r\n`).join('')));
}

function topOf(drop: Maildrop, argument: string): Answer {
  const [, number, lines] = /^(\d{1,9}) (\d{1,9})$/.exec(argument) ?? [];
  if (number === undefined) return refused('Syntax: TOP message lines');
  return one(drop, number, ({ content }) => ok('Top of it follows', top(content, Number(lines))));
}
