// Inline content on its way to the worker and back: the bytes go beside the JSON, which says where among them they are.
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
      return { ...settlement, ...(message && { message: this.#without(message) }), ...(submit && { submit: this.messages(submit) }) };
    });
  }

  #without(message: WithContent): unknown {
    if (!message.content || !('inline' in message.content)) return message;
    return { ...message, content: { inline: this.bytes.push(message.content.inline) - 1 } };
  }
}

/** Puts the bytes back where their places stand; the messages were parsed for this and belong to nobody else. */
export function withBytes<Each extends WithContent>(messages: readonly Each[], bytes: readonly Uint8Array[]): readonly Each[] {
  for (const message of messages) restore(message, bytes);
  return messages;
}

export function settlementsWithBytes(settlements: readonly Settlement[], bytes: readonly Uint8Array[]): readonly Settlement[] {
  for (const { message, submit } of settlements) {
    if (message) restore(message, bytes);
    if (submit) withBytes(submit, bytes);
  }
  return settlements;
}

function restore({ content }: WithContent, bytes: readonly Uint8Array[]): void {
  if (!content || !('inline' in content)) return;
  const place = content as { inline: unknown };
  place.inline = bytes[Number(place.inline)] ?? new Uint8Array();
}
