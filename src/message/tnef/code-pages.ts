// Text in a Windows code page. What is not known counts as Windows-1252, as most of it is.

const encodings: Readonly<Record<number, string>> = {
  874: 'windows-874',
  932: 'shift_jis',
  936: 'gbk',
  949: 'euc-kr',
  950: 'big5',
  1200: 'utf-16le',
  20866: 'koi8-r',
  21866: 'koi8-u',
  50220: 'iso-2022-jp',
  50221: 'iso-2022-jp',
  51932: 'euc-jp',
  51949: 'euc-kr',
  54936: 'gb18030',
  65001: 'utf-8',
};

export const defaultCodePage = 1252;

export function decoded(bytes: Uint8Array, codePage: number): string {
  return new TextDecoder(encodingOf(codePage)).decode(bytes);
}

function encodingOf(codePage: number): string {
  if (codePage >= 1250 && codePage <= 1258) return `windows-${codePage}`;
  const part = codePage - 28_590;
  if (part >= 2 && part <= 16 && part !== 9 && part !== 11 && part !== 12) return `iso-8859-${part}`;
  return encodings[codePage] ?? 'windows-1252';
}
