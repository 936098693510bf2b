// `mailspool config`: what holds after flags, environment, file and defaults; the retry schedule in words (U-015).
import type { RetryOptions } from '../../../spooler/retry.ts';
import type { EffectiveConfiguration } from '../../configuration.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { printable } from '../rendering/printable.ts';
import { duration } from '../rendering/quantities.ts';

export async function config(context: Context): Promise<ExitCode> {
  const configuration = await context.configuration();
  await configuration.options();
  const { effective } = configuration;
  context.output.document(effective);
  context.output.pairs([
    ['File', effective.file ?? 'none: defaults, environment and flags'],
    ['Overridden', effective.overridden.length === 0 ? undefined : effective.overridden.join(', ')],
    ['Directory', effective.directory],
    ...numbered('Provider', effective.providers),
    ...numbered('Account', effective.accounts),
    ...retryLines(effective.retry),
    ['Retention', retentionText(effective)],
    ['Reports', effective.reports === 'store' ? 'stored as received mail of the sender' : 'sent by mail'],
    ['Offline', effective.offline ? 'yes: nothing is sent or received' : 'no'],
    ['Logger', String(effective.logger)],
  ]);
  return 0;
}

const numbered = (name: string, entries: readonly unknown[]): [string, string][] =>
  entries.length === 0 ? [[name, 'none']] : entries.map((entry, at) => [`${name} ${at + 1}`, compact(entry)]);

/** `use=smtp url=smtps://ann:***@host` */
function compact(entry: unknown): string {
  if (typeof entry !== 'object' || entry === null) return String(entry);
  return Object.entries(entry)
    .map(([key, value]) => `${key}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
    .map(printable)
    .join('  ');
}

function retryLines(retry: RetryOptions | 'custom'): [string, string][] {
  if (retry === 'custom') return [['Retry', 'a policy of the configuration file']];
  const { earlyMs, later, maxAttempts, lifetimeMs, warnAfterMs } = retry;
  const grows = later.factor === 1 ? '' : `, each ${later.factor} times the one before, up to ${duration(later.maxMs)}`;
  const attempts = Number.isFinite(maxAttempts) ? `at most ${maxAttempts} attempts` : 'any number of attempts';
  return [
    [
      'Retry after',
      `${[...earlyMs.map(duration), duration(later.firstMs)].join(', ')}${grows}; up to ${Math.round(later.jitter * 100)} % less at random`,
    ],
    ['Give up', `after ${duration(lifetimeMs)}, ${attempts}`],
    ['Warn', warnAfterMs.length === 0 ? 'never' : `the sender after ${warnAfterMs.map(duration).join(', ')}`],
  ];
}

const retentionText = ({ retention }: EffectiveConfiguration): string =>
  `content of finished mail ${duration(retention.contentMs)}, its record ${duration(retention.recordMs)}, idempotency keys ${duration(retention.idempotencyKeyMs)}; received mail until deleted`;
