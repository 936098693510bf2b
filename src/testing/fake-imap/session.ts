// One IMAP connection from greeting to LOGOUT (RFC 3501, RFC 9051). For fake-imap.ts: reads commands one by one,
// lets go wrong what is planned, carries out the rest and tells of what others changed.
import { isMailspoolError } from '../../errors.ts';
import { sleepUntil } from '../../time/clock.ts';
import type { Wire } from '../net/wire.ts';
import { carryOut, type Completion } from './carry-out.ts';
import { readCommand, type Excess, type RawCommand } from './command-reader.ts';
import { parseArguments, type ImapCommand } from './command.ts';
import { Cursor, SyntaxProblem } from './cursor.ts';
import { capabilities, type ImapCapability, type ImapHost, type ImapMisdeed } from './imap-host.ts';
import { logon } from './logon.ts';
import { Responses } from './responses.ts';
import type { Selected } from './selected.ts';

const longestLine = 16 * 1024;

/** Thrown to end the connection. */
const over = Symbol('connection over');

const beforeLogon: readonly string[] = ['CAPABILITY', 'NOOP', 'LOGOUT', 'ID', 'STARTTLS', 'LOGIN', 'AUTHENTICATE'];

export class ImapSession {
  readonly host: ImapHost;
  readonly out: Responses;
  user: string | undefined;
  condstore = false;
  readonly #wire: Wire;
  readonly #connection: number;
  #selected: Selected | undefined;
  #idling = false;

  constructor(wire: Wire, host: ImapHost, connection: number) {
    this.#wire = wire;
    this.host = host;
    this.#connection = connection;
    this.out = new Responses(wire);
  }

  /** Ends when the client logs out or the connection is gone. */
  async run(): Promise<void> {
    try {
      if (this.host.implicitTls && !(await this.#wire.startTls(this.host.secureContext()))) return;
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
    if (!this.#idling || this.host.muted) return;
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
    if (await this.#wrong(this.host.greetingFault(), '*')) return;
    this.out.untagged(`OK [${this.capability}] mailspool fake ready`);
    await this.out.flush();
  }

  async #next(): Promise<void> {
    const raw = await readCommand(this.#wire, this.host.maxMessageBytes);
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

  async #answer(tag: string, name: string, raw: RawCommand): Promise<void> {
    const misdeed = this.host.hear({ connection: this.#connection, user: this.user, tag, name, line: raw.text });
    if (await this.#wrong(misdeed, tag)) return;
    const completion = await this.#completion(tag, name, raw);
    if (misdeed === 'acceptThenDrop') this.#drop();
    this.#tell(!['FETCH', 'STORE', 'SEARCH'].includes(name));
    const lost = this.#selected?.lost;
    if (lost !== undefined) this.out.untagged(`BYE ${lost}`);
    else if (completion) this.out.line(`${tag} ${completion}`);
    await this.out.flush();
    if (lost !== undefined || name === 'LOGOUT') throw over;
  }

  /** True if the command has got its answer already. */
  async #wrong(misdeed: ImapMisdeed | undefined, tag: string): Promise<boolean> {
    if (misdeed === undefined || misdeed === 'acceptThenDrop') return false;
    if (misdeed === 'drop') this.#drop();
    if (misdeed === 'stall') await sleepUntil(this.host.clock, undefined, this.#wire.gone);
    else if ('delayMs' in misdeed) await sleepUntil(this.host.clock, this.host.clock.now() + misdeed.delayMs, this.#wire.gone);
    if (typeof misdeed !== 'object' || 'delayMs' in misdeed) return false;
    if ('no' in misdeed) this.out.line(`${tag} NO ${misdeed.no}`);
    else if ('bad' in misdeed) this.out.line(`${tag} BAD ${misdeed.bad}`);
    else if ('bye' in misdeed) this.out.untagged(`BYE ${misdeed.bye}`);
    else await this.#wire.write(misdeed.say);
    await this.out.flush();
    if ('bye' in misdeed) throw over;
    return true;
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
      return await this.#carryOut(command, tag);
    } catch (error) {
      if (error instanceof SyntaxProblem) return `BAD ${error.message}`;
      if (isMailspoolError(error)) return `NO ${error.message}`;
      throw error;
    }
  }

  async #carryOut(command: ImapCommand, tag: string): Promise<Completion> {
    switch (command.name) {
      case 'LOGIN':
      case 'AUTHENTICATE':
        return await logon(this, command);
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
    // Not awaited: the socket must change hands before the client's first byte of TLS arrives.
    void this.#wire.write(`${tag} OK Begin TLS\r\n`);
    if (!(await this.#wire.startTls(this.host.secureContext()))) throw over;
    return undefined;
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

  #tell(expunge: boolean): void {
    this.#selected?.tell(this.out, { expunge, modseq: this.condstore });
  }
}
