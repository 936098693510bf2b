// What the mark of one message says, at the server: fetch it, remove it, or both. Each may be repeated after a crash:
// what is here is not fetched again, and what is gone there counts as removed (M-110).
import type { FetchMessageObject } from 'imapflow';
import { abortable, TransportError, type InboundMessage, type Mark } from 'mailspool/provider';
import { remove } from './acknowledge.ts';
import type { ImapConnection } from './connection.ts';
import { Download, type Unavailable } from './download.ts';
import { isMissing } from './failures.ts';
import type { Folder } from './folder.ts';
import { valuesOf } from './position.ts';
import { internalDateOf } from './queries.ts';
import { emailIdAlias, referenceOf, type Place } from './references.ts';

export interface MarkedSetup {
  readonly connection: ImapConnection;
  readonly folder: Folder;
  readonly place: Place;
  readonly chunkBytes: number;
  readonly signal: AbortSignal;
  /** A name for these bytes that no other message has. */
  alias(digest: string): Promise<string>;
}

/** @throws TransportError ENOTFOUND where there is nothing to fetch any more; EMESSAGE where the server refuses */
export async function serveMark(setup: MarkedSetup, message: InboundMessage, mark: Mark): Promise<void> {
  const { connection, place, signal } = setup;
  const there = await opened(setup, mark);
  if (mark !== 'delete') await fetched(setup, message, { mark, there });
  if (mark === 'download' || !there) return;
  if ((await remove(connection, place.uid, signal)) === 'refused')
    throw new TransportError('EMESSAGE', `IMAP: the server does not remove UID ${place.uid}`, { outcome: 'notSent' });
}

/** Whether the folder is there, with the UIDs that the headers were listed by. */
async function opened({ connection, folder, place }: MarkedSetup, mark: Mark): Promise<boolean> {
  try {
    return (await folder.openFor(connection, mark === 'download' ? 'receiving' : 'removing')).uidValidity === place.uidValidity;
  } catch (error) {
    if (error instanceof TransportError && isMissing(error)) return false;
    throw error;
  }
}

async function fetched(setup: MarkedSetup, message: InboundMessage, { mark, there }: { mark: Mark; there: boolean }): Promise<void> {
  const { connection, folder, place, chunkBytes, signal } = setup;
  const reference = referenceOf(place.folder, place.uidValidity, place.uid);
  if ((await message.setReference(reference)) === 'alreadyReceived') return;
  if (!there) throw unavailable(place, 'vanished');
  const download = new Download({ connection, uid: place.uid, chunkBytes, signal });
  const first = await download.begin();
  if (first === undefined) throw unavailable(place, download.unavailable);
  try {
    await abortable(message.setContent(download.bytes(first)), signal);
  } catch (error) {
    throw download.unavailable === undefined ? error : unavailable(place, download.unavailable);
  }
  await message.setReference(reference, [...emailIdOf(first), await setup.alias(download.digest())]);
  const deliveryTime = internalDateOf(first);
  if (deliveryTime !== undefined) message.setProperties({ deliveryTime });
  const position = mark === 'download' ? folder.owing(place) : undefined;
  await message.saveChanges(position === undefined ? {} : { section: { key: folder.sectionKey, values: valuesOf(position) } });
  if (position !== undefined) folder.committed(position);
}

const emailIdOf = ({ emailId }: FetchMessageObject): string[] => (emailId === undefined ? [] : [emailIdAlias(emailId)]);

const unavailable = ({ uid, folder }: Place, why: Unavailable | undefined): TransportError =>
  why === 'refused'
    ? new TransportError('EMESSAGE', `IMAP: the server does not give out UID ${uid} of ${folder}`, { outcome: 'notSent' })
    : new TransportError('ENOTFOUND', `IMAP: UID ${uid} is not in ${folder} any more`, { outcome: 'notSent' });
