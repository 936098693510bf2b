// The mailboxes of one user: a tree of names, INBOX always there (RFC 9051 section 5.1). For the IMAP sessions.
import { MailspoolError } from '../../errors.ts';
import { Mailbox } from './mailbox.ts';

export const delimiter = '/';

const specialUses: Readonly<Record<string, string>> = { Archive: '\\Archive', Drafts: '\\Drafts', Junk: '\\Junk', Sent: '\\Sent', Trash: '\\Trash' };

export class UserMailboxes {
  readonly subscribed = new Set<string>();
  readonly #mailboxes = new Map<string, Mailbox>();
  readonly #newUidValidity: () => number;

  constructor(newUidValidity: () => number) {
    this.#newUidValidity = newUidValidity;
    for (const path of ['INBOX', ...Object.keys(specialUses)]) {
      this.#mailboxes.set(path, new Mailbox(path, newUidValidity(), specialUses[path]));
      this.subscribed.add(path);
    }
  }

  get all(): readonly Mailbox[] {
    return [...this.#mailboxes.values()];
  }

  get(path: string): Mailbox | undefined {
    return this.#mailboxes.get(canonicalPath(path));
  }

  /** Creates it and what is above it. @throws EINVALID if it exists or cannot be a name */
  create(path: string): Mailbox {
    const name = canonicalPath(path.endsWith(delimiter) ? path.slice(0, -1) : path);
    if (name === '' || name.split(delimiter).includes(''))
      throw new MailspoolError('EINVALID', `not a mailbox name: ${JSON.stringify(path)}`, { field: 'path' });
    if (this.#mailboxes.has(name)) throw new MailspoolError('EINVALID', `mailbox ${name} already exists`, { field: 'path' });
    const parent = name.lastIndexOf(delimiter);
    if (parent > 0 && !this.get(name.slice(0, parent))) this.create(name.slice(0, parent));
    const mailbox = new Mailbox(name, this.#newUidValidity());
    this.#mailboxes.set(name, mailbox);
    return mailbox;
  }

  delete(path: string): boolean {
    const mailbox = this.get(path);
    if (!mailbox || mailbox.path === 'INBOX' || this.#children(mailbox.path).length > 0) return false;
    mailbox.delete();
    return this.#mailboxes.delete(mailbox.path);
  }

  /** Moves it with what is below it. INBOX stays and gives its messages away (RFC 9051 section 6.3.6). */
  rename(from: string, to: string): boolean {
    const mailbox = this.get(from);
    const target = canonicalPath(to);
    if (!mailbox || this.get(target) || `${target}${delimiter}`.startsWith(`${mailbox.path}${delimiter}`)) return false;
    if (mailbox.path === 'INBOX') return this.#renameInbox(mailbox, target);
    const old = mailbox.path;
    const moved = [mailbox, ...this.#children(old)];
    this.create(target);
    for (const each of moved) {
      this.#mailboxes.delete(each.path);
      each.path = `${target}${each.path.slice(old.length)}`;
      this.#mailboxes.set(each.path, each);
    }
    return true;
  }

  #renameInbox(inbox: Mailbox, to: string): boolean {
    const target = this.create(to);
    for (const message of inbox.messages) target.append(message.raw, message.flags, message.internalDate);
    inbox.expunge(inbox.messages);
    return true;
  }

  #children(path: string): readonly Mailbox[] {
    return this.all.filter((each) => each.path.startsWith(`${path}${delimiter}`));
  }

  hasChildren(path: string): boolean {
    return this.#children(path).length > 0;
  }
}

/** INBOX is the same in any case of letters. */
export const canonicalPath = (path: string): string => (path.toUpperCase() === 'INBOX' ? 'INBOX' : path);
