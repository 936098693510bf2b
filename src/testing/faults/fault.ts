// The language of faults, the same on all fakes: where, when, for whom, how often, and what goes wrong. Each fake adds
// its steps and its replies.
import type { Duration } from '../duration.ts';

/** A string is looked for regardless of case, within a line, or as the whole of an address or a name. */
export type Pattern = string | RegExp;

/** Where and for whom. All that is given must hold. */
export interface FaultConditions<Step extends string> {
  /** The step, one of several, or `any`. */
  readonly at: Step | 'any' | readonly Step[];
  /** What the line of the client contains. */
  readonly match?: Pattern;
  /** The client's IP address. */
  readonly address?: Pattern;
  /** The sender of the envelope. */
  readonly from?: Pattern;
  /** The recipient of the step, or one of those given before. */
  readonly to?: Pattern;
  /** Who is logged on; at `logon`, who wants to. */
  readonly user?: Pattern;
}

/** What a test asks to go wrong. */
export interface Fault<Step extends string, Deed> extends FaultConditions<Step> {
  /** From which time on that the conditions hold, counted from 1. Default 1. */
  readonly nth?: number;
  /** How often. Default 1, with `greylist` and `beyond` Infinity. */
  readonly times?: number;
  /** Only until so long after the client's address, the sender and the recipients were first seen together. */
  readonly greylist?: Duration;
  /** Only what goes beyond so many that pass in a time, or beyond so many open connections. */
  readonly beyond?: { readonly count: number; readonly within: Duration } | { readonly connections: number };
  /** One thing, or several in this order. */
  readonly do: Deed | readonly Deed[];
  /** True: the test does not fail if it never happens. */
  readonly optional?: boolean;
}

/** What became of a fault. */
export interface FaultHandle {
  /** How often it happened so far. */
  readonly fired: number;
  /** It will not happen again, and need not have happened. */
  remove(): void;
}

/** What every fake can do wrong. */
export type Misdeed =
  /** Cuts the connection; what was asked is not done. */
  | 'drop'
  /** Does what was asked, then cuts the connection instead of answering. */
  | 'acceptThenDrop'
  /** Does what was asked and answers, then cuts the connection. */
  | 'replyThenDrop'
  /** Says nothing more until the client goes. */
  | 'stall'
  /** From now on no bearer token of the client's user is good any more; of no user, if none is logged on. Then goes on. */
  | 'expireToken'
  /** Says nothing for so long, then goes on. */
  | { readonly delay: Duration }
  /** Cuts the connection after so many bytes of the answer; of the content, where the client sends it. */
  | { readonly dropAtByte: number }
  /** Says nothing more after so many bytes of the answer; reads no further, where the client sends content. */
  | { readonly stallAtByte: number }
  /** Answers no faster than this. */
  | { readonly bytesPerSecond: number }
  /** Says this, byte for byte, instead of an answer. */
  | { readonly say: string | Uint8Array };

/** What a client just did: at which step, and all that a condition can ask about. */
export interface Occasion<Step extends string> {
  readonly at: Step;
  readonly line: string;
  readonly address: string;
  readonly from?: string | undefined;
  readonly to?: readonly string[];
  readonly user?: string | undefined;
  /** How many are open, with this one. */
  readonly connections: number;
}
