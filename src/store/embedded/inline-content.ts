// What JSON does not carry, on its way to the worker and back: the bytes of inline content go beside it, and it says
// where among them they are; fields of a message that a settlement clears, which are undefined, go by their names.
import type { NewMessage, NewReceived, Settlement } from '../message-store.ts';

interface WithContent {
  readonly content?: NewMessage['content'];
}

/** Takes the bytes out of what becomes JSON. */
export class OutgoingBytes {
  readonly bytes: Uint8Array[] = [];

  messages(messages: readonly (NewMessage | NewReceived)[]): readonly unknown[] {
    return messages.map((message) => this.#without(message));
  }

  settlements(settlements: readonly Settlement[]): readonly unknown[] {
    return settlements.map((settlement) => {
      const { message, submit } = settlement;
      if (!message && !submit) return settlement;
      return {
        ...settlement,
        ...(message && { message: this.#without(message), cleared: clearedBy(message) }),
        ...(submit && { submit: this.messages(submit) }),
      };
    });
  }

  #without(message: WithContent): unknown {
    if (!message.content || !('inline' in message.content)) return message;
    return { ...message, content: { inline: this.bytes.push(message.content.inline) - 1 } };
  }
}

const clearedBy = (message: object): readonly string[] => Object.entries(message).flatMap(([field, value]) => (value === undefined ? [field] : []));

/** Puts the bytes back where their places stand; the messages were parsed for this and belong to nobody else. */
export function withBytes<Each extends WithContent>(messages: readonly Each[], bytes: readonly Uint8Array[]): readonly Each[] {
  for (const message of messages) restore(message, bytes);
  return messages;
}

export function settlementsWithBytes(settlements: readonly Settlement[], bytes: readonly Uint8Array[]): readonly Settlement[] {
  for (const settlement of settlements) {
    const { message, submit } = settlement;
    if (message) restore(message, bytes);
    for (const field of (settlement as { cleared?: readonly string[] }).cleared ?? []) Object.assign(message ?? {}, { [field]: undefined });
    if (submit) withBytes(submit, bytes);
  }
  return settlements;
}

function restore({ content }: WithContent, bytes: readonly Uint8Array[]): void {
  if (!content || !('inline' in content)) return;
  const place = content as { inline: unknown };
  place.inline = bytes[Number(place.inline)] ?? new Uint8Array();
}
