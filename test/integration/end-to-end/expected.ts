// What the page of the canonical form says becomes of a ready message, done in another way than the code does it.

const removed = /^(?:bcc|resent-bcc|return-path)[ \t]*:/i;

/** Each octet one character. */
export function expectedBytes(given: Buffer): string {
  const lines = given.toString('latin1').split(/\r\n|\r|\n/);
  if (lines.at(-1) === '') lines.pop();
  const end = lines.indexOf('');
  const head = (end === -1 ? lines : lines.slice(0, end)).join('\r\n').split(/\r\n(?![ \t])/);
  const body = end === -1 ? [] : lines.slice(end + 1);
  return [...head.filter((field) => !removed.test(field)), '', ...body, ''].join('\r\n');
}

/** Without the Message-ID and Date that were added at the end of the headers, where the given message has none. */
export function withoutAdded(bytes: string, given: Buffer): string {
  if (/^message-id:/im.test(given.toString('latin1'))) return bytes;
  const added = /\r\n(?:(?:Message-ID: <[^<>\s]+@[^<>\s]+>|Date: [^\r\n]+)\r\n){2}(?=\r\n)/.exec(bytes);
  return added ? `${bytes.slice(0, added.index)}${bytes.slice(added.index + added[0].length - 2)}` : bytes;
}
