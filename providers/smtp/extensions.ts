// What a server offers, from its reply to EHLO (RFC 5321, 4.1.1.1).

export interface Extensions {
  readonly eightBitMime: boolean;
  readonly smtpUtf8: boolean;
  readonly dsn: boolean;
  /** The most that it takes; 0 where it does not say (RFC 1870). */
  readonly sizeBytes: number;
}

export function extensionsOf(ehlo: string): Extensions {
  const keywords = new Map<string, string>();
  for (const line of ehlo.split(/\r?\n/).slice(1)) {
    const [, keyword, value] = /^250[ -]([A-Za-z0-9-]+)(?:[ \t]+(.*))?$/.exec(line.trim()) ?? [];
    if (keyword !== undefined) keywords.set(keyword.toUpperCase(), value ?? '');
  }
  return {
    eightBitMime: keywords.has('8BITMIME'),
    smtpUtf8: keywords.has('SMTPUTF8'),
    dsn: keywords.has('DSN'),
    sizeBytes: Number(/^\d{1,15}/.exec(keywords.get('SIZE') ?? '')?.[0] ?? 0),
  };
}
