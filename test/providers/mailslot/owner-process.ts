// A process that owns a slot until it is killed.
import { mailslotHost } from 'mailspool/providers/mailslot';

const [directory = '', name = ''] = process.argv.slice(2);
await mailslotHost({ name: 'OWNER', directory }).createMailslot(name);
process.send?.('owns it');
