// Hands datagrams to the slots of this computer, whichever process has them. Nobody waits, and nothing grows: what finds
// no slot or no room is dropped.
import type { Socket } from 'node:net';
import type { Clock, Instant } from 'mailspool/provider';
import { encodeDatagram } from './local-frame.ts';
import type { DatagramOrigin } from '../message.ts';
import type { Slot } from '../slot.ts';
import type { SocketDirectory } from './socket-directory.ts';

export type Delivered = 'delivered' | 'noSuchSlot' | 'queueFull';

/** What waits for another process to read it. */
const maxWaitingBytes = 1_024 * 1_024;
/** Names that nobody has are not looked for again so soon, and so many of them are remembered. */
const absentMs = 1_000;
const maxAbsent = 1_024;
/** Names that are looked for at once, and datagrams that wait for each. */
const maxConnecting = 16;
const maxEarly = 64;

interface Early {
  readonly frame: readonly Buffer[];
  resolve(delivered: Delivered): void;
}

export class LocalDelivery {
  readonly #slots: ReadonlyMap<string, Slot>;
  readonly #directory: SocketDirectory;
  readonly #clock: Clock;
  readonly #sockets = new Map<string, Socket>();
  readonly #connecting = new Map<string, Early[]>();
  readonly #absent = new Map<string, Instant>();

  constructor(slots: ReadonlyMap<string, Slot>, directory: SocketDirectory, clock: Clock) {
    this.#slots = slots;
    this.#directory = directory;
    this.#clock = clock;
  }

  offer(key: string, origin: DatagramOrigin, data: Uint8Array): Delivered | Promise<Delivered> {
    const slot = this.#slots.get(key);
    if (slot) return slot.offer(data, origin) ? 'delivered' : 'queueFull';
    const socket = this.#sockets.get(key);
    if (socket) return passedOn(socket, encodeDatagram(origin, data));
    if ((this.#absent.get(key) ?? 0) > this.#clock.now()) return 'noSuchSlot';
    const early = this.#connecting.get(key);
    if ((early ? early.length : this.#connecting.size) >= (early ? maxEarly : maxConnecting)) return 'queueFull';
    return new Promise((resolve) => {
      const waiting = early ?? [];
      waiting.push({ frame: encodeDatagram(origin, data), resolve });
      if (early) return;
      this.#connecting.set(key, waiting);
      void this.#connect(key, waiting);
    });
  }

  close(): void {
    for (const socket of this.#sockets.values()) socket.destroy();
    this.#sockets.clear();
  }

  async #connect(key: string, waiting: readonly Early[]): Promise<void> {
    // A slot whose socket may not be opened is none to us.
    const socket = await this.#directory.connect(key).catch(() => undefined);
    this.#connecting.delete(key);
    if (socket) this.#use(key, socket);
    else this.#isAbsent(key);
    for (const { frame, resolve } of waiting) resolve(socket ? passedOn(socket, frame) : 'noSuchSlot');
  }

  #use(key: string, socket: Socket): void {
    this.#sockets.set(key, socket);
    socket.unref();
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(key));
    // The greeting says nothing to a hub.
    socket.resume();
  }

  #isAbsent(key: string): void {
    if (this.#absent.size >= maxAbsent) this.#absent.clear();
    this.#absent.set(key, this.#clock.now() + absentMs);
  }
}

function passedOn(socket: Socket, frame: readonly Buffer[]): Delivered {
  if (socket.writableLength > maxWaitingBytes) return 'queueFull';
  socket.write(Buffer.concat(frame));
  return 'delivered';
}
