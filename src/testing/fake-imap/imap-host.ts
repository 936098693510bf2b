// What an IMAP connection asks of the server that it belongs to. For session.ts; fake-imap.ts answers.
import type { SecureContext } from 'node:tls';
import type { Clock } from '../../time/clock.ts';
import type { Fault, Misdeed, Occasion } from '../faults/fault.ts';
import type { SharedMailboxes } from '../mailboxes/fake-mailboxes.ts';
import type { ImapCommand } from './command.ts';

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
  hear(command: ImapLogEntry, address: string): readonly ImapMisdeed[];
  /** What is planned to go wrong at a step that is no command. */
  faults(occasion: Omit<Occasion<ImapStep>, 'connections'>): readonly ImapMisdeed[];
}

/** What a fake can be told not to offer. */
export type ImapCapability = (typeof capabilities)[number];

export const capabilities = [
  'STARTTLS',
  'AUTH=PLAIN',
  'AUTH=XOAUTH2',
  'AUTH=OAUTHBEARER',
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
  'QRESYNC',
  'ESEARCH',
  'STATUS=SIZE',
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

/** How a fault answers instead of the fake, which then does not do what was asked. */
export type ImapReply =
  /** Refuses; a response code may come first: `[OVERQUOTA] Full`. */
  | { readonly no: string }
  | { readonly bad: string }
  /** Says BYE and closes; with `stay`, keeps the connection open and says nothing more. */
  | { readonly bye: string; readonly stay?: boolean };

/** What happens to a mailbox and its messages while a command is carried out. */
export type ImapMischief =
  /** At `IDLE`: looks alive and tells nothing, until the client ends it. */
  | 'mute'
  /** The newest message, of which the client may have been told, is not there yet for this command. */
  | 'notYetThere'
  /** First, the mailbox that is named or open gets another UIDVALIDITY, and its messages new UIDs. */
  | 'newUidValidity'
  /** Meanwhile another client expunges the last of the messages that the command names. */
  | 'expungeMeanwhile';

export type ImapMisdeed = Misdeed | ImapReply | ImapMischief;

/** A command, in capitals, with `UID` before it where there is one. */
export type ImapCommandName = ImapCommand['name'] | `UID ${'FETCH' | 'STORE' | 'SEARCH' | 'COPY' | 'MOVE'}`;

/** `handshake`: before TLS begins; `logon`: the client has said who it is, by LOGIN or AUTHENTICATE. */
export type ImapStep = 'greeting' | 'handshake' | 'logon' | ImapCommandName;

export type ImapFault = Fault<ImapStep, ImapMisdeed>;
