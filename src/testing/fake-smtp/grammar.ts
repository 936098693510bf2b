// The lines of SMTP, read and written (RFC 5321 section 4.1, RFC 6531, RFC 3461). For smtp-session.ts.
import type { SmtpReply } from './fault.ts';

export interface SmtpCommand {
  /** In capitals. */
  readonly verb: string;
  readonly argument: string;
}

/** An address of the envelope with its parameters, names in capitals: `SIZE`, `BODY`, `SMTPUTF8`, `NOTIFY`, … */
export interface SmtpPath {
  /** Empty for the null reverse path. */
  readonly address: string;
  readonly args: Readonly<Record<string, string | true>>;
}

export function parseCommand(line: string): SmtpCommand {
  const [, verb = '', argument = ''] = /^(\S*)\s*(.*?)\s*$/s.exec(line) ?? [];
  return { verb: verb.toUpperCase(), argument };
}

const path = /^\s*<((?:"(?:[^"\\]|\\.)*"|[^"<>\s])*)>((?:\s+\S+)*)$/;
const sourceRoute = /^@[^:]*:/;

/** `FROM:<ann@test> SIZE=9`; undefined if it is not of that form. */
export function parsePath(keyword: 'FROM' | 'TO', argument: string): SmtpPath | undefined {
  if (!argument.toUpperCase().startsWith(`${keyword}:`)) return undefined;
  const [, address, parameters] = path.exec(argument.slice(keyword.length + 1)) ?? [];
  if (address === undefined || parameters === undefined) return undefined;
  return { address: address.replace(sourceRoute, ''), args: parseParameters(parameters) };
}

function parseParameters(text: string): Record<string, string | true> {
  const args: Record<string, string | true> = {};
  for (const parameter of text.split(/\s+/).filter(Boolean)) {
    const equals = parameter.indexOf('=');
    if (equals < 0) args[parameter.toUpperCase()] = true;
    else args[parameter.slice(0, equals).toUpperCase()] = parameter.slice(equals + 1);
  }
  return args;
}

/** A reply as it goes over the wire; each line of the message carries the codes. */
export function formatReply({ code, message = '', enhancedCode }: SmtpReply): string {
  const lines = message.split(/\r?\n/).map((line) => (enhancedCode === undefined ? line : `${enhancedCode} ${line}`));
  return lines.map((line, index) => `${code}${index < lines.length - 1 ? '-' : ' '}${line}\r\n`).join('');
}
