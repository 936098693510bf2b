// What an IMAP connection asks of the server that it belongs to. For session.ts; fake-imap.ts answers.
import type { SecureContext } from 'node:tls';
import type { Clock } from '../../time/clock.ts';
import type { Fault } from '../fault-plan.ts';
import type { SharedMailboxes } from '../mailboxes/fake-mailboxes.ts';

export interface ImapHost {
  readonly clock: Clock;
  readonly mailboxes: SharedMailboxes;
  readonly implicitTls: boolean;
  readonly maxMessageBytes: number;
  /** Clients in IDLE are told nothing. */
  readonly muted: boolean;
  secureContext(): SecureContext;
  offers(capability: ImapCapability): boolean;
  /** Writes the command down, and says what is to go wrong with it. */
  hear(command: ImapLogEntry): ImapMisdeed | undefined;
  greetingFault(): ImapMisdeed | undefined;
}

/** What a fake can be told not to offer. */
export type ImapCapability = (typeof capabilities)[number];

export const capabilities = [
  'STARTTLS',
  'AUTH=PLAIN',
  'AUTH=XOAUTH2',
  'SASL-IR',
  'LITERAL+',
  'ID',
  'ENABLE',
  'NAMESPACE',
  'CHILDREN',
  'LIST-EXTENDED',
  'LIST-STATUS',
  'SPECIAL-USE',
  'UNSELECT',
  'IDLE',
  'UIDPLUS',
  'MOVE',
  'CONDSTORE',
] as const;

/** A command that a client sent. */
export interface ImapLogEntry {
  /** Connections are numbered from 1. */
  readonly connection: number;
  readonly user: string | undefined;
  readonly tag: string;
  /** In capitals, with `UID` before it where there is one: `UID FETCH`. */
  readonly name: string;
  /** As sent, without what came in literals. Passwords are in it. */
  readonly line: string;
}

export type ImapMisdeed =
  /** Refuses; a response code may come first: `[OVERQUOTA] Full`. */
  | { readonly no: string }
  | { readonly bad: string }
  /** Says BYE and closes. */
  | { readonly bye: string }
  /** Cuts the connection; the command is not carried out. */
  | 'drop'
  /** Carries it out, then cuts the connection instead of answering. */
  | 'acceptThenDrop'
  /** Says nothing for so long, then goes on as usual. */
  | { readonly delayMs: number }
  /** Says nothing more until the client goes. */
  | 'stall'
  /** Says this, byte for byte, instead of carrying the command out. */
  | { readonly say: string };

/** `at` is the name of a command in capitals (`APPEND`, `UID FETCH`), or `greeting`. */
export type ImapFault = Fault<string, ImapMisdeed>;
