// nodemailer's `attachDataUrls`: images written into the HTML as data URIs become attachments beside it. nodemailer does
// it in its mailer, with randomness of its own; here the content identifiers come from the message's (T-013).
import type { SendMailOptions } from 'nodemailer';
import { detectExtension } from 'nodemailer/lib/mime-funcs';
import { MailspoolError } from '../errors.ts';

type Contents = Pick<SendMailOptions, 'html' | 'attachments'>;

// Bounded on every side, so that one tag never makes it look into the next.
const image = /(<img\b[^<>]{0,1024} src\s{0,20}=[\s"']{0,20})(data:([^;"'<>\s]{1,255});[^"'>\s]+)/gi;

export function dataImages<T extends Contents>(contents: T, identifier: string): T {
  const { html } = contents;
  if (html === undefined) return contents;
  if (typeof html !== 'string' && !Buffer.isBuffer(html)) {
    throw new MailspoolError('EINVALID', 'attachDataUrls needs html as text', { field: 'attachDataUrls' });
  }
  const images: NonNullable<SendMailOptions['attachments']> = [];
  const replaced = html.toString().replace(image, (_, before: string, path: string, type: string) => {
    const cid = `image-${images.length + 1}.${identifier}@mailspool`;
    images.push({ path, cid, filename: `image-${images.length + 1}.${detectExtension(type)}` });
    return `${before}cid:${cid}`;
  });
  return { ...contents, html: replaced, attachments: [...(contents.attachments ?? []), ...images] };
}
