// An interface of queued RPC: declared once, with its operations, what they take and answer, an identifier and a version.
// The types of client and server follow from it.
import type { z } from 'zod';
import { QueueError } from '../queue-error.ts';

/** `[message]`: the call returns when it is stored, and has no answer (MIDL *message*). */
export interface OneWay<Input = unknown> {
  readonly kind: 'oneWay';
  readonly input: z.ZodType<Input>;
}

/** The call returns with the server's answer, so that both must be up. */
export interface RequestReply<Input = unknown, Output = unknown> {
  readonly kind: 'requestReply';
  readonly input: z.ZodType<Input>;
  readonly output: z.ZodType<Output>;
}

export type Operation = OneWay<never> | RequestReply<never> | OneWay | RequestReply;
export type Operations = Readonly<Record<string, Operation>>;

export interface RpcInterface<Declared extends Operations = Operations> {
  readonly name: string;
  /** A guid; an interface of another meaning has another. */
  readonly id: string;
  /** `major.minor`: a server serves clients of its major and of no later minor. */
  readonly version: string;
  readonly operations: Declared;
}

export type InputOf<Declared> = Declared extends { readonly input: z.ZodType<infer Input> } ? Input : never;
export type OutputOf<Declared> = Declared extends { readonly output: z.ZodType<infer Output> } ? Output : void;

/** An operation with inputs only. @throws EINVALID for a result, which nobody would wait for */
export function oneWay<Input>(input: z.ZodType<Input>, ...rest: readonly never[]): OneWay<Input> {
  if (rest.length > 0) throw invalid('output', 'a one-way operation has no result');
  return { kind: 'oneWay', input };
}

export const requestReply = <Input, Output>(input: z.ZodType<Input>, output: z.ZodType<Output>): RequestReply<Input, Output> => ({
  kind: 'requestReply',
  input,
  output,
});

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** @throws EINVALID with the field */
export function defineInterface<const Declared extends Operations>(declared: RpcInterface<Declared>): RpcInterface<Declared> {
  const { name, id, version, operations } = declared;
  if (!/^[\w.-]{1,64}$/.test(name)) throw invalid('name', 'an interface has a name of 1 to 64 letters, digits, dots and hyphens');
  if (!guid.test(id)) throw invalid('id', 'an interface has a guid as its id');
  versionOf(version);
  for (const [operation, { kind, ...rest }] of Object.entries(operations)) {
    if (!/^\w{1,64}$/.test(operation)) throw invalid(`operations.${operation}`, 'an operation has a name of 1 to 64 letters and digits');
    if (kind === 'oneWay' && 'output' in rest) throw invalid(`operations.${operation}.output`, 'a one-way operation has no result');
  }
  return declared;
}

/** Whether a server of one version serves a client of another. */
export function serves(server: string, client: string): boolean {
  const [one, other] = [versionOf(server), versionOf(client)];
  return one.major === other.major && one.minor >= other.minor;
}

function versionOf(version: string): { readonly major: number; readonly minor: number } {
  const [, major, minor] = /^(\d{1,5})\.(\d{1,5})$/.exec(version) ?? [];
  if (major === undefined || minor === undefined) throw invalid('version', `a version is of the form major.minor, not ${version}`);
  return { major: Number(major), minor: Number(minor) };
}

const invalid = (field: string, text: string): QueueError => new QueueError('EINVALID', text, { field });
