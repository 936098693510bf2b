// Adds the injectable provider to a spooler by a module of the program's own.
import 'reflect-metadata';
import { ContainerModule, createSpooler, memoryStore, tokens } from 'mailspool';
import { Noticeboard, NoticeboardProvider } from './noticeboard-provider.js';

const board = new Noticeboard();
const noticeboard = new ContainerModule(({ bind }) => {
  bind(Noticeboard).toConstantValue(board);
  bind(tokens.provider).to(NoticeboardProvider);
});

const spooler = await createSpooler({ store: memoryStore(), modules: [noticeboard] });
try {
  await spooler.start();
  const { id } = await spooler.submit({
    from: 'ann@example.org',
    recipients: [{ type: 'BOARD', address: 'kitchen' }],
    subject: 'Tea is ready',
    text: 'Bring cups.',
  });
  await spooler.settled(id);
  console.log(board.notices.join('\n'));
} finally {
  await spooler.stop();
}
