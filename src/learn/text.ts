// Words in payload, compared without making strings of them.

const CR = 13;
const LF = 10;
export const SPACE = 32;

/** A word as codes; letters in upper case match both cases. */
export function word(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

const upper = (code: number) => (code >= 97 && code <= 122 ? code - 32 : code);

/** True where the bytes at `at` are the word, whatever the case. */
export function isAt(view: DataView, at: number, end: number, text: Uint8Array): boolean {
  if (end - at < text.length || upper(view.getUint8(at)) !== text[0]) return false;
  for (let i = 1; i < text.length; i++) if (upper(view.getUint8(at + i)) !== text[i]) return false;
  return true;
}

/** Which of the words stands at `at`; -1 for none. */
export function whichAt(view: DataView, at: number, end: number, words: readonly Uint8Array[]): number {
  for (let i = 0; i < words.length; i++) if (isAt(view, at, end, words[i])) return i;
  return -1;
}

/** True where the word stands anywhere from `at` on. */
export function isWithin(view: DataView, at: number, end: number, text: Uint8Array): boolean {
  const last = end - text.length;
  const first = text[0];
  for (let i = at; i <= last; i++)
    if (upper(view.getUint8(i)) === first && isAt(view, i, end, text)) return true;
  return false;
}

/** Where the line at `at` ends, before CR or LF; `end` where it does not. */
export function lineEnd(view: DataView, at: number, end: number): number {
  for (let i = at; i < end; i++) {
    const code = view.getUint8(i);
    if (code === LF || code === CR) return i;
  }
  return end;
}

/** True where the bytes from `at` to `end` are text: printable ASCII, tabs, and bytes of UTF-8 or an old code page. */
export function isText(view: DataView, at: number, end: number): boolean {
  for (let i = at; i < end; i++) {
    const code = view.getUint8(i);
    if ((code < SPACE && code !== 9) || code === 127) return false;
  }
  return true;
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** True for the end of the line or of the bytes, or a space: what follows a whole word. */
export function isWordEnd(view: DataView, at: number, end: number): boolean {
  if (at >= end) return true;
  const code = view.getUint8(at);
  return code === SPACE || code === CR || code === LF;
}

/** The printable ASCII from `at` on, at most `limit` characters; what is not printable ends it. */
export function printable(view: DataView, at: number, end: number, limit: number): string {
  let text = '';
  for (let i = at; i < end && text.length < limit; i++) {
    const code = view.getUint8(i);
    if (code < SPACE || code > 126) break;
    text += String.fromCharCode(code);
  }
  return text;
}
