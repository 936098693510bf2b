// A transport of one's own: it pins messages to a board, and knows that they have arrived.
import { createSpooler, memoryStore } from 'mailspool';
import type { TransportProvider } from 'mailspool/provider';

const board: string[] = [];

const noticeboard: TransportProvider = {
  name: 'noticeboard',
  logon: async (support) => ({
    addressTypes: ['BOARD'],
    async submitMessage(message) {
      await message.handingOver();
      for (const { address } of message.recipients) board.push(`${address}: ${message.properties.subject}`);
      return { outcome: 'accepted', deliveredAt: support.clock.now() };
    },
  }),
};

const spooler = await createSpooler({ store: memoryStore(), providers: [noticeboard] });
try {
  await spooler.start();
  const tea = { from: 'ann@example.org', to: [{ type: 'BOARD', address: 'kitchen' }], subject: 'Tea is ready', text: 'Bring cups.' };
  const { id } = await spooler.submit(tea);
  const { recipients } = await spooler.settled(id);
  console.log(board.join('\n'));
  for (const { status } of recipients) console.log(status.state);
} finally {
  await spooler.stop();
}
