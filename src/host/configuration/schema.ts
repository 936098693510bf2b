// What may stand in a configuration, and how a mistake is told: the field, what was found there, what to write instead.
import { z } from 'zod';
import { MailspoolError } from '../../errors.ts';
import { didYouMean } from '../did-you-mean.ts';

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const hasMethod = (value: unknown, name: string): boolean => isObject(value) && typeof value[name] === 'function';

const wholeMs = z.number().int().nonnegative();

/** A connection as URL, or settings under the provider's published name or module path. */
const providerSettings = z.looseObject({ use: z.string().min(1) });
const readyProvider = z.custom<object>((value) => hasMethod(value, 'logon'));
const provider = z.union([z.string().min(1), readyProvider, providerSettings], {
  error: "expected a URL such as 'smtps://user:password@host', an object with `use`, or a provider",
});

const credentials = z.union(
  [
    z.custom<object>((value) => hasMethod(value, 'get')),
    z.strictObject({ user: z.string(), pass: z.string() }),
    z.strictObject({ user: z.string(), accessToken: z.string(), expiresAt: wholeMs.optional() }),
  ],
  { error: 'expected { user, pass }, { user, accessToken }, or an object with a function `get`' },
);

const account = z.strictObject({
  name: z.string().regex(/^[^/\s]+$/, { error: 'expected a name without spaces and slashes' }),
  identities: z.array(z.string().min(1)).optional(),
  connections: z.number().int().positive().optional(),
  wanted: z.strictObject({ headersOnly: z.boolean().optional(), maxSizeBytes: z.number().int().positive().optional() }).optional(),
  credentials: credentials.optional(),
  providers: z.array(provider).min(1, { error: 'expected at least one provider' }),
});

const group = z.strictObject({
  name: z.string().min(1),
  everyMs: wholeMs.positive().optional(),
  everyMsOffline: wholeMs.positive().optional(),
  on: z.array(z.enum(['start', 'stop', 'networkUp'])).optional(),
  members: z
    .array(
      z.strictObject({
        account: z.string().min(1),
        inbound: z.boolean(),
        outbound: z.boolean(),
        headersOnly: z.boolean().optional(),
        maxSizeBytes: z.number().int().positive().optional(),
      }),
    )
    .min(1, { error: 'expected at least one member' }),
});

const retrySchedule = z.strictObject({
  earlyMs: z.array(wholeMs).optional(),
  later: z
    .strictObject({
      firstMs: wholeMs.optional(),
      factor: z.number().min(1).optional(),
      maxMs: wholeMs.optional(),
      jitter: z.number().min(0).max(1).optional(),
    })
    .optional(),
  maxAttempts: z.number().int().positive().optional(),
  lifetimeMs: wholeMs.positive().optional(),
  warnAfterMs: z.array(wholeMs).optional(),
});

const logger = z.union([z.boolean(), z.custom<object>((value) => hasMethod(value, 'info') && hasMethod(value, 'error'))], {
  error: 'expected true, false, or an object with the functions debug, info, warn and error',
});

export const configurationSchema = z.strictObject({
  directory: z.string().min(1).optional(),
  providers: z.array(provider).optional(),
  accounts: z.array(account).optional(),
  groups: z.array(group).optional(),
  retry: z.union([z.custom<object>((value) => hasMethod(value, 'next')), retrySchedule]).optional(),
  retention: z.strictObject({ contentMs: wholeMs.optional(), recordMs: wholeMs.optional(), idempotencyKeyMs: wholeMs.optional() }).optional(),
  reports: z.enum(['store', 'wire']).optional(),
  offline: z.boolean().optional(),
  logger: logger.optional(),
});

export type CheckedConfiguration = z.infer<typeof configurationSchema>;

/** @throws ECONFIG with the first field that is wrong; `from` says where the configuration came from */
export function checked(value: unknown, from: string): CheckedConfiguration {
  const result = configurationSchema.safeParse(value);
  if (result.success) return result.data;
  const { path, what, remedy } = told(deepest(result.error.issues[0], value), value);
  const where = path === '' ? from : `${path} in ${from}`;
  throw new MailspoolError('ECONFIG', `${where}: ${what}`, { ...(path === '' ? {} : { field: path }), remedy });
}

type Issue = z.core.$ZodIssue;

/** Of a union, the branch that was meant: an object with settings is judged as settings. */
function deepest(issue: Issue | undefined, root: unknown, prefix: readonly PropertyKey[] = []): Issue | undefined {
  if (issue === undefined) return undefined;
  const path = [...prefix, ...issue.path];
  if (issue.code !== 'invalid_union') return { ...issue, path };
  const inner = issue.errors.find(
    (branch) => branch.length > 0 && branch.every(({ code, path: at }) => code !== 'custom' && !(code === 'invalid_type' && at.length === 0)),
  );
  const branch = isObject(at(root, path)) ? inner : undefined;
  return branch === undefined ? { ...issue, path } : deepest(branch[0], root, path);
}

function told(issue: Issue | undefined, root: unknown): { path: string; what: string; remedy: string } {
  const found = at(root, issue?.path ?? []);
  if (issue?.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    const known = knownKeys(issue.path);
    const meant = didYouMean(key, known);
    return {
      path: dotted([...issue.path, key]),
      what: 'there is no such setting',
      remedy: meant === undefined ? `Settings here are ${known.join(', ')}.` : `Did you mean ${dotted([...issue.path, meant])}?`,
    };
  }
  const message = issue?.message ?? 'not acceptable';
  const what = `${message.replace(/^Invalid input: /, '').replace(/^Invalid option: /, '')}, found ${shown(found)}`;
  return { path: dotted(issue?.path ?? []), what, remedy: 'Correct this setting; docs/reference/configuration.md lists them all.' };
}

/** The settings that exist at a path, read from the schema itself. */
function knownKeys(path: readonly PropertyKey[]): string[] {
  let schema: unknown = configurationSchema;
  for (const key of path) schema = typeof key === 'number' ? member(schema, 'element') : member(member(schema, 'shape'), key);
  const shape = member(unwrapped(schema), 'shape');
  return isObject(shape) ? Object.keys(shape) : [];
}

function member(schema: unknown, key: PropertyKey): unknown {
  const open = unwrapped(schema);
  return isObject(open) ? (open as Record<PropertyKey, unknown>)[key] : undefined;
}

/** Through `optional`, and into the branch of a union that has named settings. */
function unwrapped(schema: unknown): unknown {
  if (schema instanceof z.ZodOptional) return unwrapped(schema.unwrap());
  if (schema instanceof z.ZodUnion)
    return schema.options.map((option: unknown) => unwrapped(option)).findLast((option: unknown) => option instanceof z.ZodObject);
  return schema;
}

const at = (root: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((value, key) => (isObject(value) ? (value as Record<PropertyKey, unknown>)[key] : undefined), root);

/** `accounts[0].providers[1].use` */
const dotted = (path: readonly PropertyKey[]): string =>
  path.map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`)).join('');

/** What was found, without giving away what may be a secret. */
function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'string') return value.length <= 40 && !value.includes(':') ? JSON.stringify(value) : 'a text';
  return typeof value === 'object' ? 'an object' : typeof value === 'function' ? 'a function' : (JSON.stringify(value) ?? typeof value);
}
