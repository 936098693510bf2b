// Calls and answers as bodies of messages.
import { z } from 'zod';
import { QueueError } from '../queue-error.ts';

const call = z.strictObject({
  interface: z.string(),
  version: z.string(),
  operation: z.string(),
  input: z.unknown(),
});

const answer = z.union([
  z.strictObject({ result: z.unknown() }),
  z.strictObject({ error: z.strictObject({ code: z.string(), message: z.string() }) }),
]);

export type Call = z.infer<typeof call>;
export type Answer = z.infer<typeof answer>;

export const encodeCall = (value: Call): Buffer => Buffer.from(JSON.stringify(value));
export const encodeAnswer = (value: Answer): Buffer => Buffer.from(JSON.stringify(value));

/** @throws EINVALID for what is no call */
export const decodeCall = (body: Uint8Array): Call => decoded(call, body, 'call');
export const decodeAnswer = (body: Uint8Array): Answer => decoded(answer, body, 'answer');

function decoded<Value>(schema: z.ZodType<Value>, body: Uint8Array, what: string): Value {
  try {
    return schema.parse(JSON.parse(Buffer.from(body).toString()));
  } catch (error) {
    throw new QueueError('EINVALID', `the message is no ${what}`, { field: 'body', cause: error });
  }
}

/** What an interface declares of an input or a result. @throws EINVALID with the path of what is wrong */
export function checkedValue<Value>(schema: z.ZodType<Value>, value: unknown, what: string): Value {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = [what, ...(issue?.path ?? [])].join('.');
  throw new QueueError('EINVALID', `${path}: ${issue?.message ?? 'not acceptable'}`, { field: path, cause: result.error });
}
