// What a datagram says, whatever it looks like on the wire, and the two formats behind one setting.
import type { Instant } from 'mailspool/provider';

/** One message on its way between computers. */
export interface Datagram {
  /** 32 hexadecimal digits; repeats of one write carry the same. Absent where the format has none. */
  readonly id?: string;
  readonly sentAt?: Instant;
  readonly source: string;
  readonly scope: 'host' | 'domain';
  readonly target: string;
  /** As it was written; letter case means nothing. */
  readonly path: readonly string[];
  readonly data: Uint8Array;
  /** The key that signed it. */
  readonly keyId?: string;
}

export type Way = Pick<Datagram, 'source' | 'scope' | 'target' | 'path'>;

export interface Sent extends Pick<Datagram, 'data'> {
  /** 16 bytes. */
  readonly id: Uint8Array;
  readonly sentAt: Instant;
}

/** Why a frame is dropped, and counted under that name (S-037, S-038, S-040). */
export type DropReason =
  | 'malformed'
  | 'oversized'
  | 'unauthenticated'
  | 'forged'
  | 'stale'
  | 'replayed'
  | 'notForUs'
  | 'repeated'
  | 'noSuchSlot'
  | 'queueFull';

export const dropReasons: readonly DropReason[] = [
  'malformed',
  'oversized',
  'unauthenticated',
  'forged',
  'stale',
  'replayed',
  'notForUs',
  'repeated',
  'noSuchSlot',
  'queueFull',
];

/** Frames come from anybody: `decode` never throws, and never reads beyond what came. */
export interface WireFormat {
  readonly name: 'native' | 'ms-mail';
  readonly defaultPort: number;
  /** Of a whole frame, in bytes. */
  readonly maxFrameBytes: number;
  /** How many bytes of data a datagram to such a slot carries (S-022, S-024). */
  maxDataBytes(path: readonly string[]): number;
  encode(datagram: Datagram): Buffer;
  /** The same for many messages on one way, of which most bytes are the same. */
  encoder(way: Way): (message: Sent) => Buffer;
  decode(frame: Buffer): Datagram | DropReason;
}

/** What holds between any two computers (S-022). */
export const maxDatagramBytes = 424;
