// How a message is named for ever: by folder, UIDVALIDITY and UID, and beside that by what stays when UIDs are given
// out anew: the server's EMAILID, or the digest of its bytes, Message-ID included (U-048, T-051).

/** As in an IMAP URL (RFC 5092, 5.1): `INBOX;UIDVALIDITY=7;UID=42`. */
export const referenceOf = (folder: string, uidValidity: string, uid: number): string => `${encoded(folder)};UIDVALIDITY=${uidValidity};UID=${uid}`;

export interface Place {
  readonly folder: string;
  readonly uidValidity: string;
  readonly uid: number;
}

/** What a reference says; undefined for one that this provider did not make. */
export function placeOf(reference: string): Place | undefined {
  const [, folder, uidValidity, uid] = /^([^;]*);UIDVALIDITY=(\d+);UID=(\d+)$/.exec(reference) ?? [];
  if (folder === undefined || uidValidity === undefined) return undefined;
  return { folder: decodeURIComponent(folder), uidValidity, uid: Number(uid) };
}

/** RFC 8474: one message, wherever it lies. */
export const emailIdAlias = (emailId: string): string => `EMAILID=${emailId}`;

/** `copy`: 1 for the first message with these bytes; a folder may hold several, and each is a message of its own. */
export const digestAlias = (sha256: string, copy: number): string => `SHA-256=${sha256}${copy > 1 ? `;COPY=${copy}` : ''}`;

/** All names that are known before the message is fetched. */
export const namesOf = (folder: string, uidValidity: string, uid: number, emailId: string | undefined): readonly string[] => [
  referenceOf(folder, uidValidity, uid),
  ...(emailId === undefined ? [] : [emailIdAlias(emailId)]),
];

const encoded = (folder: string): string => folder.replace(/[%;\s]/g, (char) => encodeURIComponent(char).replace(';', '%3B'));
