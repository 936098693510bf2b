// The demo's preprocessor: shows where a program can look at a message, and change it, before it goes out.
import type { Content } from '../../message/message.ts';
import type { Preprocessor } from '../../provider/processors.ts';

export const stamp: Preprocessor = {
  name: 'demo-stamp',
  preprocess: async (message) => await message.setContent(stamped(message.content)),
};

async function* stamped(content: Content): AsyncGenerator<Uint8Array> {
  yield Buffer.from('X-Mailspool-Demo: seen by a preprocessor\r\n');
  for await (const chunk of content.stream()) yield chunk as Uint8Array;
}
