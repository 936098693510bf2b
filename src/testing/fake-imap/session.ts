// One IMAP connection from greeting to LOGOUT (RFC 3501, RFC 9051). For fake-imap.ts: reads commands one by one,
// lets go wrong what is planned, carries out the rest and tells of what others changed.
import { isMailspoolError } from '../../errors.ts';
import { sleepUntil } from '../../time/clock.ts';
import { misbehave, type Twist } from '../faults/misbehave.ts';
import type { Wire } from '../net/wire.ts';
import { carryOut, type Completion } from './carry-out.ts';
import { readCommand, type Excess, type RawCommand } from './command-reader.ts';
import { parseArguments, type ImapCommand } from './command.ts';
import { Cursor, SyntaxProblem } from './cursor.ts';
import { capabilities, type ImapCapability, type ImapHost, type ImapMischief, type ImapMisdeed, type ImapReply } from './imap-host.ts';
import { logon } from './logon.ts';
import { makeMischief } from './mischief.ts';
import { Responses } from './responses.ts';
import type { Selected } from './selected.ts';

const longestLine = 16 * 1024;

/** Thrown to end the connection. */
const over = Symbol('connection over');

const nothingWrong: Twist = { answered: false, drop: undefined, bend: {} };

const beforeLogon: readonly string[] = ['CAPABILITY', 'NOOP', 'LOGOUT', 'ID', 'STARTTLS', 'LOGIN', 'AUTHENTICATE'];

export class ImapSession {
  readonly host: ImapHost;
  readonly out: Responses;
  user: string | undefined;
  condstore = false;
  qresync = false;
  /** Of the command under way. */
  tag = '*';
  readonly #wire: Wire;
  readonly #connection: number;
  #selected: Selected | undefined;
  #idling = false;
  /** What is wrong with the command under way. */
  #twist: Twist = nothingWrong;
  #ends: boolean | 'staying' = false;
  #mischief: readonly ImapMischief[] = [];
  /** What is to go wrong with a command that is not read to its end yet. */
  #heard: readonly ImapMisdeed[] | undefined;

  constructor(wire: Wire, host: ImapHost, connection: number) {
    this.#wire = wire;
    this.host = host;
    this.#connection = connection;
    this.out = new Responses(wire);
  }

  /** Ends when the client logs out or the connection is gone. */
  async run(): Promise<void> {
    try {
      if (this.host.implicitTls) await this.#handshake();
      await this.#greet();
      for (;;) await this.#next();
    } catch (error) {
      if (error === over || this.#wire.gone.aborted) return;
      this.out.untagged(`BYE The fake failed: ${String(error).replace(/\s+/g, ' ')}`);
      await this.out.flush();
    } finally {
      this.selected = undefined;
    }
  }

  get selected(): Selected | undefined {
    return this.#selected;
  }

  set selected(selected: Selected | undefined) {
    this.#selected?.close();
    this.#selected = selected;
    if (selected) selected.onChange = () => this.nudge();
  }

  /** Tells an idling client what is new. */
  nudge(): void {
    if (!this.#idling || this.host.muted || this.#mischief.includes('mute')) return;
    this.#tell(true);
    const lost = this.#selected?.lost;
    if (lost !== undefined) this.out.untagged(`BYE ${lost}`);
    void this.out.flush();
    if (lost !== undefined) this.#wire.end();
  }

  offers(capability: ImapCapability): boolean {
    return this.host.offers(capability) && !(capability === 'STARTTLS' && this.#wire.secure);
  }

  /** `CAPABILITY IMAP4rev1 …` */
  get capability(): string {
    return ['CAPABILITY', 'IMAP4rev1', ...capabilities.filter((each) => this.offers(each))].join(' ');
  }

  /** Asks for more, and gives the line that comes. */
  async continuation(text: string): Promise<string> {
    this.out.line(`+ ${text}`);
    await this.out.flush();
    const line = await this.#wire.line(longestLine);
    if (!line) throw over;
    return line.bytes.toString('latin1');
  }

  async #greet(): Promise<void> {
    await this.#wrong(this.host.faults({ at: 'greeting', line: '', address: this.#wire.address }), '*', undefined);
    if (!this.#twist.answered) this.out.untagged(`OK [${this.capability}] mailspool fake ready`);
    await this.#finish();
  }

  async #next(): Promise<void> {
    const raw = await readCommand(this.#wire, this.host.maxMessageBytes, (text) => this.#beforeContent(text));
    if (!raw) throw over;
    if ('excess' in raw) return this.#exceeded(raw);
    const [, tag, name] = /^([^\s(){%*"\\+]+) ((?:UID )?[a-z]+)(?= |$)/i.exec(raw.text) ?? [];
    if (tag === undefined || name === undefined) {
      this.out.untagged('BAD Not a command');
      return this.out.flush();
    }
    await this.#answer(tag, name.toUpperCase(), raw);
  }

  async #exceeded({ tag, excess, fatal }: Excess): Promise<void> {
    this.out.line(fatal ? `* BYE ${excess}` : `${tag} NO ${excess}`);
    await this.out.flush();
    if (fatal) throw over;
  }

  /** Content that is not read to its end: the command is heard as soon as it is announced. */
  async #beforeContent(text: string): Promise<void> {
    this.#heard = this.#hear(text.split(' ', 1)[0] ?? '', 'APPEND', text);
    for (const deed of this.#heard) {
      if (typeof deed !== 'object' || !('dropAtByte' in deed || 'stallAtByte' in deed)) continue;
      await this.#wire.skip('dropAtByte' in deed ? deed.dropAtByte : deed.stallAtByte);
      if ('stallAtByte' in deed) await sleepUntil(this.host.clock, undefined, this.#wire.gone);
      this.#drop();
    }
  }

  #hear(tag: string, name: string, line: string): readonly ImapMisdeed[] {
    return this.host.hear({ connection: this.#connection, user: this.user, tag, name, line }, this.#wire.address);
  }

  async #answer(tag: string, name: string, raw: RawCommand): Promise<void> {
    this.#mischief = [];
    const misdeeds = this.#heard ?? this.#hear(tag, name, raw.text);
    this.#heard = undefined;
    await this.#wrong(misdeeds, tag, this.user);
    if (this.#twist.answered) return this.#finish();
    this.tag = tag;
    const completion = await this.#completion(tag, name, raw);
    this.#mischief = [];
    if (this.#selected) this.#selected.hidesNewest = false;
    const vanished = this.#tell(!['FETCH', 'STORE', 'SEARCH'].includes(name));
    const lost = this.#selected?.lost;
    if (lost !== undefined) this.out.untagged(`BYE ${lost}`);
    else if (completion) this.out.line(`${tag} ${vanished ? withHighestModseq(completion, this.#selected) : completion}`);
    await this.#finish();
    if (lost !== undefined || name === 'LOGOUT') throw over;
  }

  /** Lets go wrong what is planned when a client has said who it is. True if it has its answer. */
  async wrongAtLogon(user: string | undefined, line: string, tag: string): Promise<boolean> {
    await this.#wrong(this.host.faults({ at: 'logon', line, address: this.#wire.address, user }), tag, user);
    return this.#twist.answered;
  }

  /** Lets go wrong what is planned, as far as that can be done before the step; the rest is in the twist. */
  async #wrong(misdeeds: readonly ImapMisdeed[], tag: string, user: string | undefined): Promise<void> {
    const by = { wire: this.#wire, clock: this.host.clock, accounts: this.host.mailboxes.accounts, user };
    let reply: ImapReply | undefined;
    const mischief: ImapMischief[] = [];
    const twist = await misbehave<ImapReply | ImapMischief>(misdeeds, by, (own) => {
      if (typeof own === 'string') mischief.push(own);
      else reply = own;
    });
    this.#mischief = [...this.#mischief, ...mischief];
    if (twist.drop === 'now') this.#drop();
    if (reply) this.out.line(replyLine(reply, tag));
    const { drop, bend } = this.#twist;
    this.#twist = { answered: twist.answered || reply !== undefined, drop: twist.drop ?? drop, bend: { ...bend, ...twist.bend } };
    if (reply && 'bye' in reply) this.#ends = reply.stay === true ? 'staying' : true;
  }

  /** Says what is gathered, in the way that a fault says. */
  async #finish(): Promise<void> {
    const { drop, bend } = this.#twist;
    this.#twist = nothingWrong;
    if (drop === 'insteadOfReply') this.#drop();
    this.#wire.bend(bend, this.host.clock);
    await this.out.flush();
    this.#wire.bend(undefined, this.host.clock);
    if (drop === 'afterReply') await this.#wire.hangUp();
    if (this.#ends === 'staying') await sleepUntil(this.host.clock, undefined, this.#wire.gone);
    if (drop === 'afterReply' || this.#ends !== false) throw over;
  }

  #drop(): never {
    this.#wire.drop();
    throw over;
  }

  async #completion(tag: string, name: string, { text, literals }: RawCommand): Promise<Completion> {
    try {
      const command = parseArguments(name, new Cursor(text.slice(tag.length + 1 + name.length), literals));
      if (this.user === undefined && !beforeLogon.includes(name)) return 'BAD Log on first';
      if (this.user !== undefined && ['STARTTLS', 'LOGIN', 'AUTHENTICATE'].includes(name)) return 'BAD Already logged on';
      makeMischief(this.#mischief, command, this);
      return await this.#carryOut(command, tag, text);
    } catch (error) {
      if (error instanceof SyntaxProblem) return `BAD ${error.message}`;
      if (isMailspoolError(error)) return `NO ${error.message}`;
      throw error;
    }
  }

  async #carryOut(command: ImapCommand, tag: string, text: string): Promise<Completion> {
    switch (command.name) {
      case 'LOGIN':
      case 'AUTHENTICATE':
        return await logon(this, command, text, tag);
      case 'STARTTLS':
        return await this.#startTls(tag);
      case 'IDLE':
        return await this.#idle();
      case 'LOGOUT':
        this.out.untagged('BYE Logging out');
        return 'OK LOGOUT completed';
      default:
        return await carryOut(this, command);
    }
  }

  async #startTls(tag: string): Promise<Completion> {
    if (!this.offers('STARTTLS')) return 'BAD STARTTLS is not offered';
    this.#wire.discard();
    await this.#wire.write(`${tag} OK Begin TLS\r\n`);
    await this.#handshake();
    return undefined;
  }

  async #handshake(): Promise<void> {
    await this.#wrong(this.host.faults({ at: 'handshake', line: '', address: this.#wire.address }), '*', undefined);
    if (this.#twist.answered) {
      await this.#finish();
      this.#drop();
    }
    if (!(await this.#wire.startTls(this.host.secureContext()))) throw over;
  }

  /** RFC 2177 */
  async #idle(): Promise<Completion> {
    if (!this.offers('IDLE')) return 'BAD IDLE is not offered';
    this.out.line('+ idling');
    await this.out.flush();
    this.#idling = true;
    try {
      this.nudge();
      const line = await this.#wire.line(longestLine);
      if (!line) throw over;
      return line.bytes.toString('latin1').toUpperCase() === 'DONE' ? 'OK IDLE completed' : 'BAD Expected DONE';
    } finally {
      this.#idling = false;
    }
  }

  #tell(expunge: boolean): boolean {
    // Whoever is about to be sent away needs no news.
    if (this.#selected?.lost !== undefined) return false;
    return this.#selected?.tell(this.out, { expunge, condstore: this.condstore, qresync: this.qresync }) ?? false;
  }
}

/** Whoever was told what vanished learns up to which modification that was (RFC 7162 section 3.2.7). */
const withHighestModseq = (completion: string, selected: Selected | undefined): string =>
  completion.replace(/^OK (?!\[)/, `OK [HIGHESTMODSEQ ${selected?.mailbox.highestModseq ?? 0}] `);

function replyLine(reply: ImapReply, tag: string): string {
  if ('no' in reply) return `${tag} NO ${reply.no}`;
  return 'bad' in reply ? `${tag} BAD ${reply.bad}` : `* BYE ${reply.bye}`;
}
