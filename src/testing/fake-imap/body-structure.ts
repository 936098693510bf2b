// BODYSTRUCTURE and BODY: the form of a message without its content (RFC 9051 section 7.5.2). Pure.
import { fieldValue, parameterised, type Parameterised } from '../mime/header-fields.ts';
import type { MessagePart } from '../mime/message-part.ts';
import { envelope } from './envelope.ts';
import { nstring, parenthesised, string, type Piece } from './responses.ts';

/** `extended`: with disposition, language and the like, as BODYSTRUCTURE has them and BODY has not. */
export function bodyStructure(part: MessagePart, extended: boolean): Piece[] {
  if (part.parts.length > 0) return multipart(part, extended);
  const basic: Piece[][] = [
    string(part.type),
    string(part.subtype),
    part.type === 'TEXT' ? textParameters(part.contentType) : parameters(part.contentType),
    nstring(fieldValue(part.fields, 'content-id')),
    nstring(fieldValue(part.fields, 'content-description')),
    string((fieldValue(part.fields, 'content-transfer-encoding') ?? '7bit').toUpperCase()),
    [String(part.body.length)],
  ];
  if (part.message) basic.push(envelope(part.message.fields), bodyStructure(part.message, extended), [lines(part.body)]);
  else if (part.type === 'TEXT') basic.push([lines(part.body)]);
  if (extended) basic.push(nstring(fieldValue(part.fields, 'content-md5')), ...rest(part));
  return parenthesised(basic);
}

function multipart(part: MessagePart, extended: boolean): Piece[] {
  const inner = part.parts.flatMap((each) => bodyStructure(each, extended));
  const outer: Piece[][] = [string(part.subtype)];
  if (extended) outer.push(parameters(part.contentType), ...rest(part));
  // No space between the parts: they are one item of the list.
  return parenthesised([inner, ...outer]);
}

function rest(part: MessagePart): Piece[][] {
  const disposition = fieldValue(part.fields, 'content-disposition');
  const said = parameterised(disposition ?? '');
  return [
    disposition === undefined ? ['NIL'] : parenthesised([string(said.value.toUpperCase()), parameters(said)]),
    languages(fieldValue(part.fields, 'content-language')),
    nstring(fieldValue(part.fields, 'content-location')),
  ];
}

/** One is a string, several are a list in the grammar; the list is right for both (RFC 9051 section 9, body-fld-lang). */
function languages(field: string | undefined): Piece[] {
  const tags = (field ?? '').split(',').map((tag) => tag.trim());
  const said = tags.filter((tag) => tag !== '');
  return said.length === 0 ? ['NIL'] : parenthesised(said.map(string));
}

/** Text whose charset is not said is US-ASCII (RFC 2045 section 5.2), and clients like to read it. */
const textParameters = (type: Parameterised): Piece[] =>
  type.parameters.some(([name]) => name === 'CHARSET')
    ? parameters(type)
    : parameters({ ...type, parameters: [['CHARSET', 'us-ascii'], ...type.parameters] });

const parameters = ({ parameters: list }: Parameterised): Piece[] =>
  list.length === 0 ? ['NIL'] : parenthesised(list.flatMap(([name, value]) => [string(name), string(value)]));

function lines(body: Buffer): string {
  let count = 0;
  for (let at = body.indexOf(10); at >= 0; at = body.indexOf(10, at + 1)) count++;
  return String(count);
}
