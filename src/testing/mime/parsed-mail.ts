// The parsed view of a message, in types of our own: the parser's need the DOM's.

/** A mailbox, or a group with its members. */
export interface ParsedAddress {
  readonly name: string;
  readonly address?: string | undefined;
  readonly group?: readonly ParsedAddress[] | undefined;
}

export interface ParsedAttachment {
  readonly filename: string | null;
  readonly mimeType: string;
  readonly disposition: string | null;
  readonly contentId?: string | undefined;
  readonly content: ArrayBuffer | Uint8Array | string;
}

/** Decoded headers, bodies and attachments. */
export interface ParsedMail {
  /** In document order; `key` in lower case. */
  readonly headers: readonly { readonly key: string; readonly value: string }[];
  readonly from?: ParsedAddress | undefined;
  readonly sender?: ParsedAddress | undefined;
  readonly replyTo?: readonly ParsedAddress[] | undefined;
  readonly to?: readonly ParsedAddress[] | undefined;
  readonly cc?: readonly ParsedAddress[] | undefined;
  readonly bcc?: readonly ParsedAddress[] | undefined;
  readonly subject?: string | undefined;
  readonly messageId?: string | undefined;
  readonly inReplyTo?: string | undefined;
  readonly references?: string | undefined;
  /** ISO 8601, or as it stands if it is no date. */
  readonly date?: string | undefined;
  readonly html?: string | undefined;
  readonly text?: string | undefined;
  readonly attachments: readonly ParsedAttachment[];
}
