// Text that comes from captures, file names or the command line never reaches a terminal unchecked.

/**
 * What a terminal obeys and does not show: the control characters of ASCII and ISO 6429, what turns the direction of
 * writing (UAX #9), line separators, and characters without a width.
 */
const UNSEEN = /[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;
const NOT_ESCAPED_BY_JSON = new RegExp(`(?![\\0-\\x1f])${UNSEEN.source}`, 'gu');

/** Characters that could move the cursor, change colours or hide others, as question marks. */
export function printable(text: string): string {
  return text.replace(UNSEEN, '?');
}

/** The same for text of several lines, which stay lines. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** A value as JSON (RFC 8259) that says the same and that a terminal can be shown. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(
    NOT_ESCAPED_BY_JSON,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
