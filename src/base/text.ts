// Text that comes from captures, file names or the command line never reaches a terminal unchecked.

/** Control characters, which could move the cursor or change colours, as question marks. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to catch
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}

/** The same for text of several lines, which stay lines. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
