// Passes the handle of a mailslot on to other processes of the same user: they read, follow and inspect it through a
// socket that nobody else may open. Writers need none of this.
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import type { Mailslot, MailslotInfo, MailslotMessage } from 'mailspool/providers/mailslot';
import { z } from 'zod';
import { MailspoolError } from '../../errors.ts';
import type { Clock } from '../../time/clock.ts';
import { Peer, type Method } from '../control/peer.ts';
import { connected, listening } from '../control/socket.ts';
import { privateFolder, socketPaths, socketToListenAt } from '../control/socket-path.ts';

/** Which slot, and where it is found. */
export interface SlotPlace {
  /** Where the sockets of slots are, if it is not the usual directory. */
  readonly directory?: string | undefined;
  readonly path: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface OwnedInfo extends MailslotInfo {
  readonly createdAt: Date;
  /** Of the process that owns it. */
  readonly pid: number;
}

/** A handle that was passed on. It ends when the owner does. */
export interface PassedOnSlot extends AsyncDisposable {
  /** Resolves when the owner is gone. */
  readonly gone: Promise<void>;
  /** `timeoutMs` instead of the slot's own read timeout. @throws EINVALIDOBJECT, ECONNECTION once the slot is gone */
  read(options: { readonly timeoutMs?: number | undefined; readonly signal: AbortSignal }): Promise<MailslotMessage | undefined>;
  info(): Promise<OwnedInfo>;
}

const readOptions = z.object({ timeoutMs: z.number().nonnegative().optional() });

/** Until the returned value is disposed. The name of the slot is claimed already, so that a socket that is there is a dead owner's. */
export async function passOn(slot: Mailslot, place: SlotPlace, clock: Clock): Promise<AsyncDisposable> {
  const path = socketToListenAt(keyOf(place), place.environment);
  privateFolder(dirname(path));
  rmSync(path, { force: true });
  const peers = new Set<Peer>();
  const server = createServer((socket) => {
    const peer = new Peer(socket, methods(slot, clock));
    peers.add(peer);
    void peer.closed.then(() => peers.delete(peer));
  });
  await listening(server, path);
  return {
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const peer of peers) peer.close();
      await closed;
    },
  };
}

function methods(slot: Mailslot, clock: Clock): Readonly<Record<string, Method>> {
  return {
    read: async ([options], signal) => (await readWithin(slot, readOptions.parse(options).timeoutMs, clock, signal)) ?? null,
    info: () => ({ ...slot.info(), createdAt: slot.createdAt, pid: process.pid }),
  };
}

/** Whoever asked and went away takes nothing. */
async function readWithin(slot: Mailslot, timeoutMs: number | undefined, clock: Clock, signal: AbortSignal): Promise<MailslotMessage | undefined> {
  if (timeoutMs === undefined) return await slot.read({ signal });
  const over = new AbortController();
  const done = new AbortController();
  clock.sleep(timeoutMs, done.signal).then(
    () => over.abort(),
    () => undefined,
  );
  try {
    return await slot.read({ signal: AbortSignal.any([signal, over.signal]) });
  } catch (error) {
    if (over.signal.aborted && !signal.aborted) return undefined;
    throw error;
  } finally {
    done.abort();
  }
}

/** The slot's handle, if a process passes it on. */
export async function passedOnSlot(place: SlotPlace): Promise<PassedOnSlot | undefined> {
  for (const path of socketPaths(keyOf(place), place.environment)) {
    const socket = await connected(path);
    if (socket) return remote(new Peer(socket));
  }
  return undefined;
}

function remote(peer: Peer): PassedOnSlot {
  return {
    gone: peer.closed,
    read: async ({ signal, ...options }) => {
      const message = (await peer.request('read', [options], signal)) as (Omit<MailslotMessage, 'data'> & { data: Uint8Array | Readable }) | null;
      return message === null ? undefined : { ...message, data: await whole(message.data) };
    },
    info: async () => (await peer.request('info', [])) as OwnedInfo,
    [Symbol.asyncDispose]: async () => {
      peer.close();
      await peer.closed;
    },
  };
}

/** Large ones come in pieces. */
async function whole(data: Uint8Array | Readable): Promise<Uint8Array> {
  if (!(data instanceof Readable)) return data;
  const chunks: Uint8Array[] = [];
  for await (const chunk of data as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const keyOf = ({ directory = '', path }: SlotPlace): string => `mailslot:${directory}:${path.join('\\').toLowerCase()}`;

/** For a slot that is there, and of which nobody passes a handle on (S-012). */
export const notPassedOn = (name: string): MailspoolError =>
  new MailspoolError('ENOACCESS', `only the program that owns ${name} reads and inspects it`, {
    field: 'name',
    remedy: 'Write to it; or create it with `mailspool mailslot create`, which passes its handle on to commands of the same user.',
  });
