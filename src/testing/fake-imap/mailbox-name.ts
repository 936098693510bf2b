// Mailbox names on the wire: modified UTF-7 (RFC 3501 section 5.1.3). Pure.

/** `Entw&APw-rfe` → `Entwürfe`. What is not well-formed stays as it is. */
export const decodeMailboxName = (name: string): string =>
  name.replace(/&([A-Za-z0-9+,]*)-/g, (whole, encoded: string) => {
    if (encoded === '') return '&';
    const bytes = Buffer.from(encoded.replaceAll(',', '/'), 'base64');
    return bytes.length % 2 === 0 ? bytes.swap16().toString('utf16le') : whole;
  });

/** `Entwürfe` → `Entw&APw-rfe`. */
export const encodeMailboxName = (name: string): string =>
  name.replace(/&|[^\x20-\x7e]+/g, (run) => {
    if (run === '&') return '&-';
    const base64 = Buffer.from(run, 'utf16le').swap16().toString('base64');
    return `&${base64.replace(/=+$/, '').replaceAll('/', ',')}-`;
  });
