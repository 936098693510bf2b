// What a fake POP3 server does wrong on purpose, and where. For tests of what a client makes of it.
import type { Fault, Misdeed } from '../faults/fault.ts';

export const pop3Commands = [
  'CAPA',
  'STLS',
  'USER',
  'PASS',
  'APOP',
  'AUTH',
  'STAT',
  'LIST',
  'UIDL',
  'RETR',
  'TOP',
  'DELE',
  'RSET',
  'NOOP',
  'QUIT',
] as const;

export type Pop3Command = (typeof pop3Commands)[number];

/**
 * Where in the dialogue: a command, or `greeting`; `handshake`: before TLS begins; `logon`: the client has said who it
 * is, by PASS, APOP or AUTH.
 */
export type Pop3Step = 'greeting' | 'handshake' | 'logon' | Pop3Command;

/** `-ERR` with this text instead of the usual answer; a response code may come first: `[SYS/TEMP] Later`. */
export interface Pop3Reply {
  readonly err: string;
}

export type Pop3Misdeed = Misdeed | Pop3Reply;

export type Pop3Fault = Fault<Pop3Step, Pop3Misdeed>;
