// The commands for mailslots, declared. They are loaded when they run.
import { type Command, Option } from 'commander';
import { countArgument, durationArgument, listArgument, portArgument, repeated } from './arguments.ts';
import type { Add } from './declarations.ts';

/** Which computer this is, and how it reaches others. */
const onThisComputer = (command: Command): Command =>
  command
    .option('--host <name>', 'what others call this computer')
    .option('--domain <name>', 'its primary domain')
    .option('--network <addresses>', 'addresses of this computer to listen at and to send from; with commas or repeated', listArgument)
    .option('--port <port>', 'UDP (default 5138, with ms-mail 138)', portArgument)
    .addOption(new Option('--format <format>', 'of datagrams (default native)').choices(['native', 'ms-mail']))
    .option('--peer <name=address>', 'where another computer is; may be repeated', repeated)
    .option('--broadcast <address>', 'for names that nobody told where they are')
    .option('--multicast', 'domains are multicast groups')
    .option('--slots <path>', 'where the sockets of slots are');

export function addMailslot(add: Add): void {
  add(
    'create',
    'create a slot of this computer, which is there until the command is interrupted',
    async (context, [name = ''], flags) => await (await import('./commands/mailslot.ts')).create(context, name, flags),
    (command) =>
      onThisComputer(command.argument('<name>', 'as notices or taxes/bob'))
        .option('--follow', 'print messages as they come')
        .option('--private', 'pass no handle on: no other command reads it')
        .option('--max-size <bytes>', 'of one message (default any size)', countArgument)
        .option('--timeout <duration>', 'how long a read waits (default for ever)', durationArgument)
        .addOption(new Option('--access <who>', 'who on this computer may write (default owner)').choices(['owner', 'group', 'everyone'])),
  );
  add(
    'write',
    'write one message; without text, or with -, standard input is the message',
    async (context, [name = '', text], flags) => await (await import('./commands/mailslot.ts')).write(context, name, text, flags),
    (command) =>
      onThisComputer(command.argument('<name>', 'notices, or //host/mailslot/notices, //*/mailslot/notices').argument('[text]')).option(
        '--lines',
        'each line of standard input is a message',
      ),
  );
  add(
    'read',
    'take the next message out of a slot that `create` holds',
    async (context, [name = ''], flags) => await (await import('./commands/mailslot.ts')).read(context, name, flags),
    (command) =>
      onThisComputer(command.argument('<name>')).option('--timeout <duration>', 'wait so long (default: what the slot says)', durationArgument),
  );
  add(
    'tail',
    'take messages out of a slot that `create` holds, as they come',
    async (context, [name = ''], flags) => await (await import('./commands/mailslot.ts')).tail(context, name, flags),
    (command) => onThisComputer(command.argument('<name>')),
  );
  add(
    'info',
    'sizes, waiting messages and the read timeout of a slot that `create` holds',
    async (context, [name = ''], flags) => await (await import('./commands/mailslot.ts')).info(context, name, flags),
    (command) => onThisComputer(command.argument('<name>')),
  );
}
