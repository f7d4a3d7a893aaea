// JSON that may go to a terminal: RFC 8259 lets C1 controls and DEL stand in a string as they are, and a terminal obeys
// them.

/** The value as JSON, on one line unless told how far to indent; what it means is the same as JSON.stringify's. */
export function jsonText(value: unknown, indent = 0): string {
  return JSON.stringify(value, null, indent).replace(
    /[\u007f-\u009f]/g,
    (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
  );
}
