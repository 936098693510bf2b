// Reads one whole IMAP command with its literals, within bounds (RFC 9051 section 4.3, RFC 7888). For session.ts.
import type { Wire } from '../net/wire.ts';

const longestLine = 64 * 1024;
/** Of commands other than APPEND. */
const longestString = 64 * 1024;
const mostLiterals = 1_000;

export interface RawCommand {
  /** The lines joined, literals as announced: `{5}`. */
  readonly text: string;
  readonly literals: readonly Buffer[];
}

/** What cannot be taken; `fatal` if the client would go on sending it. */
export interface Excess {
  readonly tag: string;
  readonly excess: string;
  readonly fatal: boolean;
}

const announced = /\{(\d{1,10})(\+?)\}$/;

/** `tag APPEND mailbox …` up to the announcement of the message, which is not that of the mailbox's name. */
const appending = /^\S+ APPEND (?:"(?:[^"\\]|\\.)*"|\S+) (?:.* )?\{\d+\+?\}$/i;

/** Undefined when the client is gone. `beforeContent` is asked once the client may send the message of an APPEND. */
export async function readCommand(
  wire: Wire,
  maxAppendBytes: number,
  beforeContent: (text: string) => Promise<void>,
): Promise<RawCommand | Excess | undefined> {
  const literals: Buffer[] = [];
  let text = '';
  for (;;) {
    const line = await wire.line(longestLine);
    if (!line) return undefined;
    const arrived = line.bytes.toString('utf8');
    text += arrived;
    const tag = text.split(' ', 1)[0] ?? '';
    if (line.tooLong || text.length > longestLine) return { tag, excess: 'Line too long', fatal: true };
    const [, count, nonSynchronising] = announced.exec(arrived) ?? [];
    if (count === undefined) return { text, literals };
    const most = /^\S+ APPEND /i.test(text) ? maxAppendBytes : longestString;
    if (Number(count) > most || literals.length >= mostLiterals)
      return { tag, excess: '[TOOBIG] Literal too large', fatal: nonSynchronising === '+' };
    if (nonSynchronising === '') await wire.write('+ Go on\r\n');
    if (appending.test(text)) await beforeContent(text);
    const literal = await wire.exactly(Number(count));
    if (!literal) return undefined;
    literals.push(literal);
  }
}
